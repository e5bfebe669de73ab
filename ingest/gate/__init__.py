"""What is new in a frame: each is compared with the empty scene, which is learnt."""
