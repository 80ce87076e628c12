"""Draws faces of two made-up people, A and B, at any size.

By ray casting a head with relief (nose, lips, sockets) that is lit and painted, so that
pose, light and expression vary while the person stays the same. A function of size and
count alone, never of a run's seed: every run of a workload sees the same data.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from experiments.workloads.faces.features import Features, hair_texture
from experiments.workloads.faces.heads import VARIATIONS, Head
from experiments.workloads.faces.painting import bell, paint, rgb
from experiments.workloads.faces.people import PERSON_A, PERSON_B, Person
from experiments.workloads.faces.textures import DATA_SEED, build_maps

DRAWING_VERSION = 1  # part of the cached file's name: raise it when pictures change
HELD_BACK = 12  # per side
_CHUNK_PIXELS = 65_536
_EAR_HEIGHT, _EAR_SIZE = 0.02, (0.075, 0.16)


def draw_faces(size: int, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return `count` faces of A and of B, then the held-back ones of A and of B.

    Pictures of eight bits a channel, like any other: uint8, (n, 3, size, size). A
    larger `count` adds faces to the same ones; another size draws the same pictures.
    """
    drawn = [
        _draw_person(person, size, faces, stream=(DATA_SEED, side, held_back))
        for held_back, faces in enumerate((count, HELD_BACK))
        for side, person in enumerate((PERSON_A, PERSON_B))
    ]
    train_a, train_b, held_back_a, held_back_b = (
        faces.clamp(0.0, 1.0).mul(255.0).round().byte() for faces in drawn
    )
    return train_a, train_b, held_back_a, held_back_b


def _draw_person(
    person: Person, size: int, count: int, *, stream: Sequence[int]
) -> Tensor:
    """Pictures of one person, (count, 3, size, size)."""
    draws = torch.from_numpy(
        np.random.default_rng(stream).random((count, len(VARIATIONS)))
    ).float()
    chunk = max(1, _CHUNK_PIXELS // size**2)
    skin_map, hair_map = build_maps(person, size)
    pictures = [
        _Portrait(
            Head(person, draws[start : start + chunk], size), skin_map, hair_map
        ).draw()
        for start in range(0, count, chunk)
    ]
    return torch.cat(pictures)


class _Portrait:
    """Draws one chunk of pictures: background, hair behind, neck, ears, head, hair."""

    def __init__(self, head: Head, skin_map: Tensor, hair_map: Tensor) -> None:
        self.head, self.hair_map = head, hair_map
        self.features = Features(
            head, skin_map, hair_map, head.across, head.along, head.light
        )

    def draw(self) -> Tensor:
        """The pictures, (n, 3, size, size) in 0..1."""
        canvas = self._draw_background()
        if self.head.person.hair_is_long:
            self._draw_hair_behind(canvas)
            self._draw_neck(canvas)
        else:
            self._draw_neck(canvas)
            self._draw_ears(canvas)
        self.features.draw(canvas)
        self._draw_hair(canvas)
        return canvas.clamp_(0.0, 1.0)

    def _draw_background(self) -> Tensor:
        head = self.head
        base = torch.stack(
            [head.between(f"back_{c}", 0.15, 0.85) for c in "rgb"], dim=1
        )
        base = torch.lerp(base.mean(dim=1, keepdim=True), base, 0.45)
        turn = head.between("back_turn", 0.0, 2.0 * math.pi)
        slope = head.screen_x * turn.cos() + head.screen_y * turn.sin()
        blob = bell(
            head.screen_x - head.between("back_blob_x", -1.0, 1.0), 0.45
        ) * bell(head.screen_y - head.between("back_blob_y", -1.0, 1.0), 0.45)
        return base * (1.0 + 0.22 * slope - 0.30 * blob)[:, None]

    def _draw_hair_behind(self, canvas: Tensor) -> None:
        head = self.head
        half_width = head.person.head[0] * 1.26
        x = head.x - 0.10 * head.yaw.sin()
        wave = 0.03 * torch.sin(7.0 * head.y + 2.0)
        above = (head.y.clamp(max=0.0) / (head.person.head[1] * 1.13)).square()
        inside = 1.0 - (((x + wave) / half_width).square() + above).sqrt()
        strands = hair_texture(self.hair_map, 1.2 * x / half_width, 0.35 * head.y)
        shade = 0.45 + 0.22 * strands - 0.15 * head.y
        colour = rgb(head.person.hair) * shade[:, None]
        paint(canvas, colour, head.cover(inside * half_width))

    def _draw_neck(self, canvas: Tensor) -> None:
        head, person = self.head, self.head.person
        middle = 0.22 * head.yaw.sin()
        half_width = person.head[0] * 0.62 + 0.10 * (head.y - 0.75).clamp(min=0.0)
        inside = half_width - (head.x + 0.5 * middle).abs()
        inside = torch.minimum(inside, head.y - 0.2)
        side = ((head.x + 0.5 * middle) / half_width).square()
        shade = (0.62 - 0.22 * side - 0.30 * bell(head.y - 0.70, 0.12))[:, None]
        paint(canvas, rgb(person.skin) * shade, head.cover(inside))
        collar = 0.86 + 0.5 * (head.x.square() - 0.16).clamp(-0.1, 0.25)
        folds = 0.75 + 0.12 * torch.sin(17.0 * head.x + 5.0 * head.y)
        shirt = head.cover(head.y - collar)
        paint(canvas, rgb(person.shirt) * folds[:, None], shirt)

    def _draw_ears(self, canvas: Tensor) -> None:
        head = self.head
        half_width, half_height = _EAR_SIZE
        for side in (-1.0, 1.0):
            at_x, _, at_z = head.to_screen((side * head.person.head[0] * 0.99, 0, 0))
            at_y = _EAR_HEIGHT + 0.1 * head.to_viewer[1]
            dx, dy = (
                (head.x - at_x) / half_width,
                (head.y - at_y) / half_height,
            )
            round_ = (dx.square() + dy.square()).sqrt()
            fold = bell(round_ - 0.62, 0.16)
            shade = (0.66 - 0.20 * fold + 0.25 * at_z.clamp(-0.4, 0.4))[:, None]
            alpha = head.cover((1.0 - round_) * half_width)
            paint(canvas, rgb(head.person.skin) * shade, alpha)

    def _draw_hair(self, canvas: Tensor) -> None:
        """Hair that grows on the head: a slightly larger head, cut at the hairline."""
        head, person = self.head, self.head.person
        grown = 1.10 if person.hair_is_long else 1.035
        width, height, length = person.head
        axes = (width * grown, height * grown, length * grown)
        u, v, w, depth, inside = head.meet_ellipsoid(head.x, head.y, axes)
        sideways = torch.atan2(u.abs(), w)
        strands = hair_texture(self.hair_map, torch.atan2(u, w) * 0.55, 0.22 * v)
        if person.hair_is_long:
            hairline = person.hairline + 0.62 * sideways.pow(3)
            hairline = hairline + 0.9 * (sideways - 0.85).clamp(min=0.0)
            end, beside = 0.5, 0.45
        else:
            low = torch.sigmoid((sideways - 1.08) / 0.06)
            hairline = person.hairline + 0.10 * sideways.square()
            hairline = hairline + (0.1 - person.hairline) * low
            end, beside = 0.02, person.hairline + 0.15
        fringe = hairline + 0.035 * strands - v
        fringe = torch.minimum(fringe, end + 0.1 * strands - v)
        # Beside the head hair ends evenly: its angle says little at the outline.
        fringe = torch.lerp(beside - v, fringe, head.covers)
        light = head.shade(depth)
        gleam = bell(v + 0.62 + 0.04 * strands, 0.10)
        shade = 0.62 + 0.36 * strands + 0.5 * gleam
        colour = rgb(person.hair) * light * shade[:, None]
        cover = head.cover(inside) * head.cover(fringe * 0.7)
        # A shadow of the hair on the forehead, then the hair.
        shadow = bell((fringe + 0.03).clamp(max=0.0), 0.04) * head.covers
        canvas *= (1.0 - 0.30 * shadow)[:, None]
        paint(canvas, colour, cover)
