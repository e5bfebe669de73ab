import pytest

from videoqa.answering.negation import asks_whether_not, turned


@pytest.mark.parametrize(
    ("text", "positive"),
    [
        ("Did nobody come to the door?", "Did anybody come to the door?"),
        ("Was no one in the yard?", "Was anybody in the yard?"),
        ("Has the van never stopped, nothing ever?", "Has the van ever stopped, anything ever?"),
        ("Was the yard empty?", "Was the yard with anybody in it?"),
        ("Were there no people at the gate?", "Were there any people at the gate?"),
        ("没有人来过吗？", "有人来过吗？"),
        ("是不是没人来过？", "是否有人来过？"),
        ("아무도 없었나요?", "누군가 있었나요?"),
    ],
)
def test_whether_something_did_not_happen_is_asked_as_whether_it_did(text: str, positive: str) -> None:
    assert asks_whether_not(text)
    assert turned(text) == positive


@pytest.mark.parametrize(
    "text",
    [
        "When is nobody there?",
        "Where does nobody stand?",
        "Did somebody come?",
        "什么时候没有人？",
        "有没有人来过？",
        "아무도 없을 때",
        "언제 아무도 없었나요?",
        "who carries no bag",
    ],
)
def test_other_questions_are_left_alone(text: str) -> None:
    assert not asks_whether_not(text)
