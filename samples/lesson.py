"""What the lecture of the samples shows and says: slides, words in two languages, and what may be asked of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slide:
    """A slide: its heading, the lines under it, and the name of the drawing beside them (empty for none)."""

    heading: str
    lines: tuple[str, ...]
    drawing: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence as it is spoken. ``shown`` is how many lines of ``slide`` stand on the screen meanwhile.

    ``about`` names the passage of the lecture it belongs to, by which questions find their true spans.
    """

    slide: str
    shown: int
    about: str
    english: str
    chinese: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the passages that answer it; none where the lecture does not."""

    text: str
    about: tuple[str, ...]


SLIDES = {
    "title": Slide(
        "From the chain rule to gradient descent",
        ("从链式法则到梯度下降", "Calculus for machine learning, lecture 3", "Week 3 · 第三周"),
    ),
    "slope": Slide(
        "The derivative as sensitivity",
        ("导数：输入变化一点，输出变化多少", "f'(x) ≈ Δf / Δx for a small Δx", "f(x) = x²   ⇒   f'(x) = 2x"),
        "tangent",
    ),
    "composite": Slide(
        "Composite functions  复合函数",
        ("h(x) = f(g(x))", "inner function g, outer function f", "Example: sin(x²),  e^(−3x),  (3x² + 1)⁵"),
        "boxes",
    ),
    "chain": Slide(
        "The chain rule  链式法则",
        ("dy/dx = dy/du · du/dx", "(f ∘ g)'(x) = f'(g(x)) · g'(x)", "外层导数乘以内层导数"),
        "gears",
    ),
    "example": Slide(
        "Worked example",
        ("y = (3x² + 1)⁵", "u = 3x² + 1,   du/dx = 6x", "dy/du = 5u⁴", "dy/dx = 30x (3x² + 1)⁴"),
    ),
    "gradient": Slide(
        "Partial derivatives and the gradient  梯度",
        ("∂f/∂x : hold y fixed", "∇f = (∂f/∂x, ∂f/∂y)", "梯度指向上升最快的方向"),
        "contours",
    ),
    "descent": Slide(
        "Gradient descent  梯度下降",
        ("θ ← θ − η ∇L(θ)", "1. start somewhere", "2. measure the slope", "3. take a step downhill", "4. repeat 重复"),
        "bowl",
    ),
    "rate": Slide(
        "Choosing the learning rate η  学习率",
        ("too small: slow 太慢", "about right: fast 合适", "too large: diverges 发散"),
        "rates",
    ),
    "backprop": Slide(
        "Backpropagation  反向传播",
        ("forward: compute and store", "backward: multiply local slopes", "cost ≈ 2 forward passes"),
        "network",
    ),
    "momentum": Slide(
        "Saddle points and momentum  动量",
        ("∇L = 0 is not always a minimum", "v ← β v − η ∇L", "θ ← θ + v"),
        "saddle",
    ),
    "homework": Slide(
        "Homework  作业",
        ("Exercises 4, 7 and 9", "Hand in by Friday 18:00 · 周五下午六点前", "Next week: the Hessian"),
    ),
}

SCRIPT = (
    Said("title", 3, "welcome", "Good morning, everybody, and welcome back.", "各位早上好，欢迎回来。"),
    Said(
        "title",
        3,
        "welcome",
        "Today we build a bridge from school calculus to the way neural networks learn.",
        "今天我们要搭一座桥，从中学微积分通向神经网络的学习方法。",
    ),
    Said(
        "title",
        3,
        "welcome",
        "There will be one formula to remember, and everything else follows from it.",
        "只有一个公式需要记住，其余的都由它推出。",
    ),
    Said("slope", 1, "slope", "Let us start with a picture you all know.", "先看一张大家都熟悉的图。"),
    Said(
        "slope",
        2,
        "slope",
        "I nudge the input a tiny bit, and I ask how strongly the output reacts.",
        "我把输入轻轻推动一点，看看输出的反应有多大。",
    ),
    Said(
        "slope",
        2,
        "slope",
        "That ratio, when the nudge gets very small, is what we call a derivative.",
        "当这个推动非常小的时候，这个比值就叫做导数。",
    ),
    Said(
        "slope",
        3,
        "slope",
        "For the parabola, at three the curve rises six times as fast as you walk.",
        "对抛物线来说，在三这个位置，曲线上升的速度是你前进速度的六倍。",
    ),
    Said(
        "composite",
        1,
        "composite",
        "Now, most functions in real life are machines plugged into one another.",
        "现实中的大多数函数，都像一台台首尾相接的机器。",
    ),
    Said(
        "composite",
        2,
        "composite",
        "The first machine hands its result over, and the second one works on that.",
        "第一台机器把结果交出去，第二台再接着加工。",
    ),
    Said(
        "composite",
        3,
        "composite",
        "Think of squaring a number and then taking the sine of it.",
        "比如先把一个数平方，然后再取正弦。",
    ),
    Said(
        "composite",
        3,
        "composite",
        "A student asked me last week whether the order matters. It does, very much.",
        "上周有同学问我顺序重不重要。非常重要。",
    ),
    Said("chain", 1, "chain", "So here comes the formula of the day.", "下面就是今天最重要的公式。"),
    Said(
        "chain",
        1,
        "chain",
        "If one quantity depends on a second, and the second on a third, the rates multiply.",
        "如果一个量依赖第二个量，第二个量又依赖第三个量，那么变化率就相乘。",
    ),
    Said(
        "chain",
        2,
        "chain-gears",
        "Picture gear wheels: this one turns twice as fast as its neighbour, "
        "and that one three times as fast as the next.",
        "想象一组齿轮：这个比旁边的快两倍，旁边的又比下一个快三倍。",
    ),
    Said(
        "chain",
        2,
        "chain-gears",
        "Then the first turns six times as fast as the last.",
        "那么第一个就比最后一个快六倍。",
    ),
    Said(
        "chain",
        3,
        "chain",
        "The mistake everybody makes is to forget the factor that comes from the inside.",
        "大家最常犯的错误，就是忘记里面那一层带来的因子。",
    ),
    Said("example", 1, "example", "Let us do one together, with a fifth power.", "我们一起做一道五次方的题。"),
    Said(
        "example",
        2,
        "example",
        "First give the bracket a name of its own, and find how it changes.",
        "先给括号起个名字，再求它的变化率。",
    ),
    Said(
        "example",
        3,
        "example",
        "Then treat that name as if it were a plain variable and bring the exponent down.",
        "然后把这个名字当成普通变量，把指数拿下来。",
    ),
    Said(
        "example",
        4,
        "example",
        "Multiply the two, put the bracket back, and we are finished.",
        "两者相乘，再把括号代回去，就做完了。",
    ),
    Said(
        "gradient",
        1,
        "gradient",
        "What if there are several inputs? We wiggle one and keep the others frozen.",
        "如果有好几个输入怎么办？每次只动一个，其余的保持不变。",
    ),
    Said(
        "gradient",
        2,
        "gradient",
        "Collect these numbers in a list and you get an arrow.",
        "把这些数排成一列，就得到一个箭头。",
    ),
    Said(
        "gradient",
        3,
        "gradient-steepest",
        "Imagine standing on a hillside in thick fog: the arrow points straight up the steepest way.",
        "想象你在大雾中站在山坡上，箭头正好指向最陡的上坡方向。",
    ),
    Said(
        "gradient",
        3,
        "gradient-steepest",
        "And it always crosses the lines of equal height at a right angle.",
        "而且它总是与等高线垂直。",
    ),
    Said(
        "descent",
        1,
        "descent",
        "If you want to get down into the valley, you simply walk against the arrow.",
        "如果想下到山谷里，只要逆着箭头走就行了。",
    ),
    Said("descent", 2, "descent", "You begin at some random place.", "先从一个随机的位置开始。"),
    Said("descent", 3, "descent", "You feel with your foot which way the ground falls.", "用脚试探地面往哪边倾斜。"),
    Said("descent", 4, "descent", "You move a little in that direction.", "朝那个方向走一小步。"),
    Said(
        "descent",
        5,
        "descent",
        "And you do it again and again, perhaps a million times, until the ground is flat.",
        "就这样一遍又一遍，也许一百万遍，直到地面变平。",
    ),
    Said(
        "rate",
        0,
        "rate",
        "How long should a stride be? That is the one knob you really have to tune.",
        "每一步该迈多大？这是真正需要调节的旋钮。",
    ),
    Said("rate", 1, "rate-small", "With baby steps you will still be walking next year.", "步子太小，到明年你还在走。"),
    Said("rate", 2, "rate", "With a sensible choice you arrive after a handful of moves.", "选得合适，走几步就到了。"),
    Said(
        "rate",
        3,
        "rate-large",
        "But with giant leaps you jump across the valley and land higher than you were before.",
        "但如果步子太大，你会跳过山谷，落到比原来更高的地方。",
    ),
    Said(
        "rate",
        3,
        "rate-large",
        "When your loss suddenly shows not a number, this is the first thing to check.",
        "当损失突然变成非数字时，首先就要检查这一点。",
    ),
    Said(
        "chain",
        3,
        "chain-again",
        "Let me go back to an earlier slide for a moment, because now we can use it.",
        "让我先回到前面的一张幻灯片，因为现在可以用上它了。",
    ),
    Said(
        "chain",
        3,
        "chain-again",
        "A deep network is nothing but fifty of these wheels in a row.",
        "一个深层网络不过就是五十个这样的齿轮排成一排。",
    ),
    Said(
        "chain",
        3,
        "vanishing",
        "If every factor is a bit smaller than one, the product fades away to nothing.",
        "如果每个因子都比一小一点，乘积就会消失殆尽。",
    ),
    Said(
        "backprop",
        1,
        "backprop",
        "So the clever idea from the nineteen eighties is to work from the end to the beginning.",
        "所以二十世纪八十年代的妙招，是从末尾往开头算。",
    ),
    Said(
        "backprop",
        2,
        "backprop",
        "Each layer receives one number from behind, multiplies it by its own slope, and passes it on.",
        "每一层从后面收到一个数，乘上自己的斜率，再往前传。",
    ),
    Said(
        "backprop",
        3,
        "backprop-cost",
        "The wonderful thing is that all million weights cost you only about twice the work of a single prediction.",
        "奇妙的是，一百万个权重的计算量，只相当于做两次预测。",
    ),
    Said(
        "momentum",
        1,
        "saddle",
        "One warning before we finish. Flat ground does not mean you are at the bottom.",
        "结束之前提醒一句：地面平坦并不意味着到了谷底。",
    ),
    Said(
        "momentum",
        1,
        "saddle",
        "On a mountain pass it is level under your feet, yet it goes down on both sides.",
        "在山口上脚下是平的，可是两边都是下坡。",
    ),
    Said(
        "momentum",
        3,
        "momentum",
        "So we let a heavy ball roll: it remembers its speed and coasts across such places.",
        "所以我们让一个沉重的球滚动：它记得自己的速度，会滑过这样的地方。",
    ),
    Said(
        "homework",
        1,
        "homework",
        "For the tutorial please solve the three problems on the screen.",
        "习题课请完成屏幕上的三道题。",
    ),
    Said(
        "homework",
        2,
        "homework",
        "Send them to me before the weekend, as one file, with your name on it.",
        "请在周末之前交给我，合成一个文件，写上姓名。",
    ),
    Said(
        "homework",
        3,
        "next-week",
        "Next time we look at curvature and why it tells us how far to trust a straight line.",
        "下次我们讲曲率，以及它为什么能告诉我们直线近似有多可信。",
    ),
    Said("homework", 3, "next-week", "Thank you, and see you on Tuesday.", "谢谢大家，周二见。"),
)

QUESTIONS = (
    Question("When does she explain the chain rule?", ("chain", "chain-gears")),
    Question("When does she compare the chain rule with gear wheels?", ("chain-gears",)),
    Question("When is the worked example with the fifth power solved?", ("example",)),
    Question("When does she say which way the gradient points?", ("gradient-steepest",)),
    Question("When are the steps of gradient descent listed?", ("descent",)),
    Question("What happens when the learning rate is too large?", ("rate-large",)),
    Question("When does she return to an earlier slide?", ("chain-again",)),
    Question("When is it said that the product of small factors vanishes?", ("vanishing",)),
    Question("How expensive is backpropagation?", ("backprop-cost",)),
    Question("When does she talk about saddle points?", ("saddle",)),
    Question("When is the homework due?", ("homework",)),
    Question("梯度下降是什么时候讲的？", ("descent",)),
    Question("什么时候讲到学习率太大会怎样？", ("rate-large",)),
    Question("作业什么时候交？", ("homework",)),
    Question("When does she introduce Fourier series?", ()),
    Question("When is the French Revolution discussed?", ()),
    Question("什么时候讲到光合作用？", ()),
)
