"""Names of points in charts stand beside their points and on nothing else."""

import random

import pytest

from macros.render.charts.labels import Box, placed

SIZE, WIDTH, HEIGHT = 11.5, 370, 400


def _covered(points, boxes):
    marks = [Box(x - 4, y - 4, x + 4, y + 4) for x, y, _ in points]
    return [
        (points[one][2], points[other][2])
        for one, box in enumerate(boxes)
        for other in range(len(points))
        if box.covers(marks[other]) or (one < other and box.covers(boxes[other]))
    ]


@pytest.mark.parametrize("seed", range(20))
def test_names_cover_neither_names_nor_points(seed):
    chance = random.Random(seed)
    points = [
        (chance.uniform(10, WIDTH - 10), chance.uniform(10, HEIGHT - 10), "Qwen3.5 122B-A10B"[: chance.randint(6, 17)]) for _ in range(14)
    ]
    boxes = placed(points, SIZE, WIDTH, HEIGHT)
    assert _covered(points, boxes) == []
    assert all(box.left >= 0 and box.right <= WIDTH and box.top >= 0 and box.bottom <= HEIGHT for box in boxes)


def test_points_on_one_spot_keep_their_names_apart():
    points = [(200.0, 200.0 + index, f"Model {index} 30B-A3B") for index in range(6)]
    assert _covered(points, placed(points, SIZE, WIDTH, HEIGHT)) == []
