"""Draws faces of two made-up people, A and B, at any size.

By ray casting a head with relief that is lit and painted, so that pose, light and
expression vary while the person stays the same. A function of size and count alone:
every run of a workload sees the same data.
"""

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

Array = NDArray[np.float64]
DATA_SEED = 20210315
DRAWING_VERSION = 1  # part of the cached file's name: raise it when pictures change
HELD_BACK = 12  # per side

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class _Person:
    """What stays the same from picture to picture; lengths in half picture widths."""

    skin: Colour
    hair: Colour
    eye: Colour
    lip: Colour
    shirt: Colour
    head: Colour  # half width, half height, half depth
    jaw: float  # how much narrower the jaw is than the cheeks
    hair_is_long: bool
    hairline: float  # height of its middle
    eye_apart: float
    eye_size: float
    eye_slant: float
    brow_thickness: float
    brow_arch: float
    nose_width: float
    nose_length: float
    nose_height: float
    mouth_width: float
    lip_fullness: float
    freckles: float
    beard: float
    wrinkles: float


_PERSON_A = _Person(
    skin=(0.93, 0.73, 0.62),
    hair=(0.52, 0.22, 0.09),
    eye=(0.25, 0.50, 0.36),
    lip=(0.78, 0.32, 0.33),
    shirt=(0.16, 0.36, 0.42),
    head=(0.58, 0.80, 0.66),
    jaw=0.26,
    hair_is_long=True,
    hairline=-0.56,
    eye_apart=0.25,
    eye_size=0.125,
    eye_slant=0.12,
    brow_thickness=0.022,
    brow_arch=0.055,
    nose_width=0.085,
    nose_length=0.36,
    nose_height=0.17,
    mouth_width=0.20,
    lip_fullness=0.062,
    freckles=1.0,
    beard=0.0,
    wrinkles=0.0,
)
_PERSON_B = _Person(
    skin=(0.62, 0.43, 0.31),
    hair=(0.15, 0.13, 0.12),
    eye=(0.30, 0.17, 0.08),
    lip=(0.55, 0.30, 0.27),
    shirt=(0.62, 0.60, 0.56),
    head=(0.63, 0.82, 0.68),
    jaw=0.10,
    hair_is_long=False,
    hairline=-0.57,
    eye_apart=0.265,
    eye_size=0.108,
    eye_slant=-0.06,
    brow_thickness=0.042,
    brow_arch=0.018,
    nose_width=0.125,
    nose_length=0.40,
    nose_height=0.20,
    mouth_width=0.235,
    lip_fullness=0.045,
    freckles=0.0,
    beard=1.0,
    wrinkles=1.0,
)


_VARIATIONS = (
    *("yaw", "pitch", "roll", "zoom", "right", "down"),
    *("light_from_x", "light_from_y", "light", "warmth", "ambient"),
    *("smile", "mouth_open", "brow_raise", "eye_open", "gaze_x", "gaze_y"),
    *("back_r", "back_g", "back_b", "back_turn", "back_blob_x", "back_blob_y"),
)
_CHUNK_PIXELS = 65_536
_MAP_SIZE = 512  # of the skin and hair maps, before shrinking to the picture's detail
_EYE_HEIGHT, _MOUTH_HEIGHT = -0.08, 0.44  # on the head, y down, centre 0
_EAR_HEIGHT, _EAR_SIZE = 0.02, (0.075, 0.16)


def draw_faces(size: int, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return `count` faces of A and of B, then the held-out ones of A and of B.

    uint8, (n, 3, size, size). A larger `count` adds faces to the same ones; another
    size draws the same pictures.
    """
    drawn = [
        _draw_person(person, size, faces, stream=(DATA_SEED, side, held_back))
        for held_back, faces in enumerate((count, HELD_BACK))
        for side, person in enumerate((_PERSON_A, _PERSON_B))
    ]
    train_a, train_b, held_back_a, held_back_b = (
        faces.clamp(0.0, 1.0).mul(255.0).round().byte() for faces in drawn
    )
    return train_a, train_b, held_back_a, held_back_b


def _draw_person(
    person: _Person, size: int, count: int, *, stream: Sequence[int]
) -> Tensor:
    """Pictures of one person, (count, 3, size, size)."""
    draws = torch.from_numpy(
        np.random.default_rng(stream).random((count, len(_VARIATIONS)))
    ).float()
    chunk = max(1, _CHUNK_PIXELS // size**2)
    skin_map, hair_map = _build_maps(person, size)
    pictures = [
        _Portrait(
            person,
            draws[start : start + chunk],
            size,
            skin_map=skin_map,
            hair_map=hair_map,
        ).draw()
        for start in range(0, count, chunk)
    ]
    return torch.cat(pictures)


# Drawing -------------------------------------------------------------


class _Portrait:
    """Draws one chunk of pictures; every image is (n, size, size), one channel.

    Axes: x to the right, y down, z to the viewer; the picture spans -1..1. `across` and
    `along` are x and y on the head, so what is painted there turns with it.
    """

    def __init__(
        self,
        person: _Person,
        draws: Tensor,
        size: int,
        *,
        skin_map: Tensor,
        hair_map: Tensor,
    ) -> None:
        self.person = person
        self.skin_map, self.hair_map = skin_map, hair_map
        self.pixel = 2.0 / size
        self.draws = dict(zip(_VARIATIONS, draws.T[:, :, None, None], strict=True))
        axis = (torch.arange(size) + 0.5) * self.pixel - 1.0
        self.screen_x, self.screen_y = axis[None, None, :], axis[None, :, None]
        self._place_head()

    def draw(self) -> Tensor:
        """The pictures, (n, 3, size, size) in 0..1."""
        canvas = self._draw_background()
        if self.person.hair_is_long:
            self._draw_hair_behind(canvas)
            self._draw_neck(canvas)
        else:
            self._draw_neck(canvas)
            self._draw_ears(canvas)
        self._draw_head(canvas)
        self._draw_hair(canvas)
        return canvas.clamp_(0.0, 1.0)

    def _between(self, name: str, low: float, high: float) -> Tensor:
        """The named variation of each picture, scaled to a range; (n, 1, 1)."""
        scaled: Tensor = low + (high - low) * self.draws[name]
        return scaled

    # Geometry

    def _place_head(self) -> None:
        """Find what every pixel's ray meets: the bare head, then its relief."""
        person = self.person
        roll = self._between("roll", -0.16, 0.16)
        zoom = self._between("zoom", 0.82, 0.94)
        x = self.screen_x * zoom - self._between("right", -0.07, 0.07)
        y = self.screen_y * zoom - self._between("down", 0.03, 0.13)
        self.x = x * roll.cos() + y * roll.sin()
        self.y = y * roll.cos() - x * roll.sin()
        self.pixel_here = self.pixel * zoom

        yaw = self._between("yaw", -0.55, 0.55)
        pitch = self._between("pitch", -0.24, 0.24)
        self.yaw = yaw
        # Rows of the rotation from the head's axes to the screen's.
        self.to_right = (yaw.cos(), yaw.sin() * pitch.sin(), yaw.sin() * pitch.cos())
        self.to_down = (torch.zeros_like(yaw), pitch.cos(), -pitch.sin())
        self.to_viewer = (
            -yaw.sin(),
            yaw.cos() * pitch.sin(),
            yaw.cos() * pitch.cos(),
        )
        jaw = ((self.y - 0.05) / 0.75).clamp(0.0, 1.0)
        narrow_x = self.x / (1.0 - person.jaw * jaw.square())
        u, v, _, depth, inside = self._meet_ellipsoid(narrow_x, self.y, person.head)
        slope_u = self.to_viewer[0] / self.to_viewer[2]
        slope_v = self.to_viewer[1] / self.to_viewer[2]
        # A slanted ray meets relief before the ellipsoid: the nose far before it.
        height = self._nose(u, v)
        height = self._relief(u + slope_u * height, v + slope_v * height)
        across, along = u + slope_u * height, v + slope_v * height
        self.across, self.along = across, along
        self.depth = depth + height * self.to_viewer[2]
        self.head_cover = self._cover(inside)
        self.light = self._shade(self.depth)

    def _meet_ellipsoid(
        self, x: Tensor, y: Tensor, axes: Colour
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Where rays meet an ellipsoid at the origin, turned like the head.

        The point in head axes (x, y, z), its depth towards the viewer, and about how
        far inside the outline the ray is (negative: outside).
        """
        start = [
            x * right + y * down
            for right, down in zip(self.to_right, self.to_down, strict=True)
        ]
        squares = along_ray = product = torch.zeros(())
        for s, d, axis in zip(start, self.to_viewer, axes, strict=True):
            squares = squares + (s / axis).square()
            along_ray = along_ray + (d / axis).square()
            product = product + s * d / axis**2
        root = product.square() - along_ray * (squares - 1.0)
        depth = (root.clamp(min=0.0).sqrt() - product) / along_ray
        inside = (1.0 - (1.0 - root / along_ray).clamp(min=0.0).sqrt()) * axes[0]
        u, v, w = (s + depth * d for s, d in zip(start, self.to_viewer, strict=True))
        return u, v, w, depth, inside

    def _nose(self, across: Tensor, along: Tensor) -> Tensor:
        """How far the nose stands out from the ellipsoid."""
        person = self.person
        top = _EYE_HEIGHT - 0.06
        tip = top + person.nose_length
        down_nose = ((along - top) / person.nose_length).clamp(0.0, 1.2)
        width = person.nose_width * (0.42 + 0.55 * down_nose)
        under_tip = torch.sigmoid((tip + 0.02 - along) / 0.024)
        ridge = 0.25 + 0.75 * down_nose.square()
        ridge = ridge * torch.sigmoid((along - top + 0.02) / 0.05)
        return person.nose_height * ridge * under_tip * _bell(across, width)

    def _relief(self, across: Tensor, along: Tensor) -> Tensor:
        """How far all features stand out from the ellipsoid, sockets negative."""
        person = self.person
        side = across.abs()
        nose = self._nose(across, along)
        tip = _EYE_HEIGHT - 0.06 + person.nose_length
        wings = (
            0.055
            * _bell(side - 0.82 * person.nose_width, 0.04)
            * _bell(along - tip + 0.03, 0.045)
        )
        sockets = (
            -0.075
            * _bell(side - person.eye_apart + 0.03, 0.12)
            * _bell(along - _EYE_HEIGHT, 0.085)
        )
        brow = 0.05 * _bell(along - _EYE_HEIGHT + 0.16, 0.07) * _bell(side, 0.42)
        cheeks = 0.05 * _bell(side - 0.33, 0.13) * _bell(along - 0.17, 0.13)
        lips = (
            0.045
            * _bell(across, person.mouth_width * 0.8)
            * _bell(along - _MOUTH_HEIGHT, person.lip_fullness * 1.3)
        )
        under_lip = -0.03 * _bell(across, 0.14) * _bell(along - 0.565, 0.035)
        chin = 0.055 * _bell(across, 0.16) * _bell(along - 0.68, 0.08)
        return nose + wings + sockets + brow + cheeks + lips + under_lip + chin

    # Light and paint

    def _shade(self, depth: Tensor) -> Tensor:
        """The light each pixel of a surface sends back, (n, 3, size, size)."""
        down, right = torch.gradient(depth, dim=(1, 2))
        scale = 1.0 / self.pixel_here
        normal_x, normal_y = -right * scale, -down * scale
        length = (normal_x.square() + normal_y.square() + 1.0).sqrt()
        from_x = self._between("light_from_x", -0.85, 0.85)
        from_y = self._between("light_from_y", -0.65, 0.15)
        from_z = 0.75
        reach = (from_x.square() + from_y.square() + from_z**2).sqrt()
        facing = (normal_x * from_x + normal_y * from_y + from_z) / (length * reach)
        diffuse = ((facing + 0.2) / 1.2).clamp(min=0.0)
        half_z = from_z + reach
        half = (from_x.square() + from_y.square() + half_z.square()).sqrt()
        gleam = (normal_x * from_x + normal_y * from_y + half_z) / (length * half)
        gleam = gleam.clamp(min=0.0) ** 24
        ambient = self._between("ambient", 0.22, 0.42)
        strength = self._between("light", 0.60, 0.88)
        warmth = self._between("warmth", -0.10, 0.10)
        tint = torch.stack([1.0 + warmth, torch.ones_like(warmth), 1.0 - warmth], 1)
        light = strength * diffuse + 0.10 * strength * gleam
        return ambient[:, None] + light[:, None] * tint

    def _cover(self, inside: Tensor) -> Tensor:
        """The share of a pixel that is covered, from a distance inside an edge."""
        return (inside / self.pixel_here + 0.5).clamp(0.0, 1.0)

    def _draw_background(self) -> Tensor:
        base = torch.stack(
            [self._between(f"back_{c}", 0.15, 0.85) for c in "rgb"], dim=1
        )
        base = torch.lerp(base.mean(dim=1, keepdim=True), base, 0.45)
        turn = self._between("back_turn", 0.0, 2.0 * math.pi)
        slope = self.screen_x * turn.cos() + self.screen_y * turn.sin()
        blob = _bell(
            self.screen_x - self._between("back_blob_x", -1.0, 1.0), 0.45
        ) * _bell(self.screen_y - self._between("back_blob_y", -1.0, 1.0), 0.45)
        return base * (1.0 + 0.22 * slope - 0.30 * blob)[:, None]

    def _draw_hair_behind(self, canvas: Tensor) -> None:
        half_width = self.person.head[0] * 1.26
        x = self.x - 0.10 * self.yaw.sin()
        wave = 0.03 * torch.sin(7.0 * self.y + 2.0)
        above = (self.y.clamp(max=0.0) / (self.person.head[1] * 1.13)).square()
        inside = 1.0 - (((x + wave) / half_width).square() + above).sqrt()
        strands = self._strands(1.2 * x / half_width, 0.35 * self.y)
        shade = 0.45 + 0.22 * strands - 0.15 * self.y
        colour = _rgb(self.person.hair) * shade[:, None]
        _paint(canvas, colour, self._cover(inside * half_width))

    def _draw_neck(self, canvas: Tensor) -> None:
        person = self.person
        middle = 0.22 * self.yaw.sin()
        half_width = person.head[0] * 0.62 + 0.10 * (self.y - 0.75).clamp(min=0.0)
        inside = half_width - (self.x + 0.5 * middle).abs()
        inside = torch.minimum(inside, self.y - 0.2)
        side = ((self.x + 0.5 * middle) / half_width).square()
        shade = (0.62 - 0.22 * side - 0.30 * _bell(self.y - 0.70, 0.12))[:, None]
        _paint(canvas, _rgb(person.skin) * shade, self._cover(inside))
        collar = 0.86 + 0.5 * (self.x.square() - 0.16).clamp(-0.1, 0.25)
        folds = 0.75 + 0.12 * torch.sin(17.0 * self.x + 5.0 * self.y)
        shirt = self._cover(self.y - collar)
        _paint(canvas, _rgb(person.shirt) * folds[:, None], shirt)

    def _draw_ears(self, canvas: Tensor) -> None:
        half_width, half_height = _EAR_SIZE
        for side in (-1.0, 1.0):
            at_x, _, at_z = self._to_screen((side * self.person.head[0] * 0.99, 0, 0))
            at_y = _EAR_HEIGHT + 0.1 * self.to_viewer[1]
            dx, dy = (self.x - at_x) / half_width, (self.y - at_y) / half_height
            round_ = (dx.square() + dy.square()).sqrt()
            fold = _bell(round_ - 0.62, 0.16)
            shade = (0.66 - 0.20 * fold + 0.25 * at_z.clamp(-0.4, 0.4))[:, None]
            alpha = self._cover((1.0 - round_) * half_width)
            _paint(canvas, _rgb(self.person.skin) * shade, alpha)

    def _to_screen(self, point: Colour) -> tuple[Tensor, Tensor, Tensor]:
        """Where a point of the head is on the screen (before roll), and its depth."""
        rows = (self.to_right, self.to_down, self.to_viewer)
        x, y, z = (
            sum((a * p for a, p in zip(row, point, strict=True)), torch.zeros(()))
            for row in rows
        )
        return x, y, z

    def _draw_head(self, canvas: Tensor) -> None:
        paint = self._skin()
        upper, upper_rows = self._rows(-0.50, 0.16)
        lower, lower_rows = self._rows(0.12, 0.75)
        upper._paint_brows(paint[:, :, upper_rows])
        lower._paint_nostrils(paint[:, :, lower_rows])
        lower._paint_mouth(paint[:, :, lower_rows])
        paint *= self.light
        upper._paint_eyes(paint[:, :, upper_rows])
        canvas.lerp_(paint, self.head_cover[:, None])

    def _rows(self, top: float, bottom: float) -> tuple["_Portrait", slice]:
        """This portrait cut to the rows that show a band of the head, and which."""
        shown = ((self.along > top) & (self.along < bottom)).any(2).any(0).nonzero()
        rows = slice(int(shown[0]), int(shown[-1]) + 1) if len(shown) else slice(0)
        cut = copy(self)
        cut.across, cut.along = self.across[:, rows], self.along[:, rows]
        cut.light = self.light[:, :, rows]
        return cut, rows

    def _skin(self) -> Tensor:
        person, across, along = self.person, self.across, self.along
        side = across.abs()
        marks, shadow = _look_up(self.skin_map, across, along).unbind(1)
        skin = _rgb(person.skin).expand(len(across), 3, *across.shape[1:]).clone()
        blush = _bell(side - 0.32, 0.13) * _bell(along - 0.17, 0.11)
        blush = blush + 0.7 * _bell(across, 0.09) * _bell(along - 0.2, 0.09)
        _paint(skin, _rgb((0.85, 0.42, 0.36)), 0.20 * blush)
        dark = (
            0.22
            * _bell(side - person.eye_apart, 0.14)
            * _bell(along - _EYE_HEIGHT + 0.015, 0.075)
        )
        tip = _EYE_HEIGHT - 0.06 + person.nose_length
        dark = dark + 0.20 * _bell(across, person.nose_width) * _bell(
            along - tip - 0.045, 0.028
        )
        dark = dark + 0.14 * _bell(across, 0.12) * _bell(along - 0.565, 0.03)
        skin *= (1.0 - dark)[:, None]
        _paint(skin, _rgb((0.48, 0.27, 0.17)), marks)
        _paint(skin, _rgb((0.10, 0.08, 0.07)), shadow)
        return skin

    def _paint_brows(self, paint: Tensor) -> None:
        person = self.person
        outward = (self.across.abs() - person.eye_apart) / (person.eye_size * 1.45)
        middle = _EYE_HEIGHT - 0.165 - self._between("brow_raise", -0.02, 0.055)
        middle = middle - person.brow_arch * (1.0 - (outward - 0.25).square())
        thickness = person.brow_thickness * (1.0 - 0.5 * outward - 0.35 * outward**4)
        inside = thickness - (self.along - middle).abs()
        ends = 1.0 - outward.abs()
        hairs = self._strands(self.across * 2.6 + self.along * 1.2, self.along * 0.5)
        alpha = self._cover(torch.minimum(inside, ends * person.eye_size))
        alpha = alpha * (0.72 + 0.32 * hairs).clamp(0.0, 1.0)
        _paint(paint, _rgb(person.hair) * 0.75, alpha)

    def _paint_mouth(self, paint: Tensor) -> None:
        person = self.person
        smile = self._between("smile", -0.35, 1.0)
        opened = (self._between("mouth_open", -0.7, 1.0)).clamp(min=0.0)
        half_width = person.mouth_width * (1.0 + 0.16 * smile - 0.12 * opened)
        t = self.across / half_width
        bend = (1.0 - t.square()).clamp(-1.0, 1.0)
        line = _MOUTH_HEIGHT - 0.055 * smile * (t.square() - 0.35)
        bow = 1.0 - 0.28 * _bell(t, 0.16)
        upper = line - person.lip_fullness * bend * bow
        gap_top = line - 0.008 * bend * opened
        gap_bottom = line + 0.125 * opened * bend
        lower = gap_bottom + 1.15 * person.lip_fullness * bend
        lips = torch.minimum(self.along - upper, lower - self.along)
        lines = 0.88 + 0.10 * torch.sin(95.0 * self.across)
        full = _bell(self.along - 0.5 * (gap_bottom + lower), 0.02)
        colour = _rgb(person.lip) * (lines + 0.22 * full)[:, None]
        _paint(paint, colour, 0.92 * self._cover(lips))
        seam = _bell(self.along - line, 0.012) * self._cover(bend * 0.1)
        _paint(paint, _rgb((0.22, 0.07, 0.07)), 0.8 * seam)
        gap = self._cover(torch.minimum(self.along - gap_top, gap_bottom - self.along))
        gap = gap * (opened > 0.05)
        _paint(paint, _rgb((0.20, 0.05, 0.06)), gap)
        teeth_end = gap_top + 0.055 * bend * opened.sqrt()
        teeth = torch.minimum(self.along - gap_top, teeth_end - self.along)
        clefts = 0.93 - 0.18 * _bell(torch.sin(62.0 * self.across), 0.25)
        ivory = _rgb((0.93, 0.90, 0.84)) * clefts[:, None]
        _paint(paint, ivory, gap * self._cover(teeth))

    def _paint_nostrils(self, paint: Tensor) -> None:
        tip = _EYE_HEIGHT - 0.06 + self.person.nose_length
        side = self.across.abs() - 0.48 * self.person.nose_width
        holes = _bell(side, 0.026) * _bell(self.along - tip - 0.012, 0.017)
        _paint(paint, _rgb((0.16, 0.07, 0.06)), 0.85 * holes)

    def _paint_eyes(self, paint: Tensor) -> None:
        """Both eyes at once: they mirror each other except for the gaze."""
        person = self.person
        size = person.eye_size
        mirror = self.across.sign()
        x = (self.across.abs() - person.eye_apart) / size
        y = (self.along - _EYE_HEIGHT) / size + person.eye_slant * x
        opened = self._between("eye_open", 0.25, 1.35).clamp(max=1.05)
        bend = (1.0 - x.square()).clamp(min=-1.0)
        upper = -0.62 * opened * bend * (1.0 - 0.15 * x)
        lower = 0.33 * bend * (0.6 + 0.4 * opened)
        eye = self._cover(torch.minimum(y - upper, lower - y) * size)

        lit = (0.35 + 0.65 * self.light).clamp(max=1.15)
        white = _rgb((0.92, 0.90, 0.88)) * lit
        white = white * (1.0 - 0.35 * _bell(y - upper, 0.22))[:, None]
        _paint(paint, white, eye)
        gaze_x = self._between("gaze_x", -0.34, 0.34) * mirror
        gaze_y = self._between("gaze_y", -0.16, 0.12) - 0.12
        away = ((x - gaze_x).square() + (y - gaze_y).square()).sqrt()
        spokes = torch.sin(14.0 * torch.atan2(y - gaze_y, x - gaze_x))
        ring = 1.05 - 0.75 * (away / 0.47).pow(6).clamp(max=1.0) + 0.14 * spokes
        iris = _rgb(person.eye) * (ring[:, None] * lit)
        _paint(paint, iris, eye * self._cover((0.47 - away) * size))
        _paint(paint, _rgb((0.03,) * 3), eye * self._cover((0.20 - away) * size))
        glint_x = self._between("light_from_x", -0.2, 0.2) * mirror
        glint = (x - gaze_x - glint_x).square() + (y - gaze_y + 0.17).square()
        glint = self._cover((0.12 - glint.sqrt()) * size)
        _paint(paint, _rgb((0.97,) * 3), 0.9 * eye * glint)

        within = self._cover((1.08 - x.abs()) * size)
        lash_width = 0.13 if person.hair_is_long else 0.09
        lashes = _bell(y - upper + 0.03, lash_width) * within
        _paint(paint, _rgb((0.08, 0.05, 0.04)), 0.92 * lashes)
        crease = _bell(y - upper + 0.30, 0.08) * _bell(x, 0.75)
        under = 0.7 * _bell(y - lower - 0.02, 0.07) * within
        _paint(paint, _rgb(person.skin) * 0.42, 0.55 * (crease + under).clamp(max=1.0))

    def _draw_hair(self, canvas: Tensor) -> None:
        """Hair that grows on the head: a slightly larger head, cut at the hairline."""
        person = self.person
        grown = 1.10 if person.hair_is_long else 1.035
        width, height, length = person.head
        axes = (width * grown, height * grown, length * grown)
        u, v, w, depth, inside = self._meet_ellipsoid(self.x, self.y, axes)
        sideways = torch.atan2(u.abs(), w)
        strands = self._strands(torch.atan2(u, w) * 0.55, 0.22 * v)
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
        fringe = torch.lerp(beside - v, fringe, self.head_cover)
        light = self._shade(depth)
        gleam = _bell(v + 0.62 + 0.04 * strands, 0.10)
        shade = 0.62 + 0.36 * strands + 0.5 * gleam
        colour = _rgb(person.hair) * light * shade[:, None]
        cover = self._cover(inside) * self._cover(fringe * 0.7)
        # A shadow of the hair on the forehead, then the hair.
        shadow = _bell((fringe + 0.03).clamp(max=0.0), 0.04) * self.head_cover
        canvas *= (1.0 - 0.30 * shadow)[:, None]
        _paint(canvas, colour, cover)

    def _strands(self, across: Tensor, along: Tensor) -> Tensor:
        """Hair texture, about -1..1."""
        return _look_up(self.hair_map, across, along)[:, 0]


def _bell(distance: Tensor, width: float | Tensor) -> Tensor:
    """A Gaussian of `distance`, 1 at 0; cut at 1e-13: denormal numbers are slow."""
    return (distance / width).square().mul_(-0.5).clamp_(min=-30.0).exp_()


def _rgb(colour: Colour) -> Tensor:
    return torch.tensor(colour).view(1, 3, 1, 1)


def _paint(canvas: Tensor, colour: Tensor, alpha: Tensor) -> None:
    """Paint a colour over the canvas (n, 3, size, size), in place."""
    canvas.lerp_(colour.expand_as(canvas), alpha[:, None])


def _look_up(texture: Tensor, across: Tensor, along: Tensor) -> Tensor:
    """A texture (1, c, t, t) over -1..1 at these places: (n, c, size, size)."""
    places = torch.stack([across, along.expand_as(across)], dim=-1)
    return functional.grid_sample(
        texture.expand(len(places), -1, -1, -1),
        places,
        padding_mode="reflection",
        align_corners=False,
    )


@lru_cache(maxsize=4)
def _build_maps(person: _Person, size: int) -> tuple[Tensor, Tensor]:
    """Marks and shadows on a person's skin (1, 2, t, t), and hair (1, 1, t, t)."""
    rng = np.random.default_rng((DATA_SEED, int(person.hair_is_long)))
    axis = (np.arange(_MAP_SIZE) + 0.5) * 2.0 / _MAP_SIZE - 1.0
    x, y = axis[None, :], axis[:, None]
    pores = np.abs(rng.standard_normal((_MAP_SIZE, _MAP_SIZE)))
    marks = 0.05 * pores + person.freckles * _freckles(rng, x, y)
    shadow = person.beard * _beard(rng, x, y) + person.wrinkles * _wrinkles(x, y)
    shown = min(_MAP_SIZE, 2 ** math.ceil(math.log2(size)))
    skin = torch.from_numpy(np.stack([marks, shadow])).float()[None]
    hair = torch.from_numpy(_hair(rng)).float()[None, None]
    return (
        functional.adaptive_avg_pool2d(skin, shown).clamp_(0.0, 1.0),
        functional.adaptive_avg_pool2d(hair, shown),
    )


def _freckles(rng: np.random.Generator, x: Array, y: Array) -> Array:
    """Dots on cheeks and nose."""
    places = rng.normal((0.0, 0.14), (0.26, 0.11), (220, 2))
    radii = rng.uniform(0.006, 0.013, (220, 1))
    columns = np.exp(-(((x - places[:, :1]) / radii) ** 2) / 2)
    rows = np.exp(-(((y.T - places[:, 1:]) / radii) ** 2) / 2)
    dots: Array = 0.55 * np.clip(rows.T @ columns, 0.0, 1.0)
    return dots


def _beard(rng: np.random.Generator, x: Array, y: Array) -> Array:
    """Stubble on jaw, chin and above the lip, with single hairs in it."""
    jaw = 1 / (1 + np.exp(-(y - 0.36 + 0.1 * np.cos(3 * x) - 0.5 * x**2) / 0.035))
    lip = np.exp(-(((y - 0.345) / 0.035) ** 2)) * (np.abs(x) < 0.22)
    cells = rng.random((_MAP_SIZE // 4, _MAP_SIZE // 4))
    hairs = np.kron(cells, np.ones((4, 4)))
    density: Array = np.maximum(jaw, lip) * (0.22 + 0.62 * hairs**1.5)
    return density


def _wrinkles(x: Array, y: Array) -> Array:
    """Lines on the forehead, at the eyes' corners and from nose to mouth."""
    forehead = sum(
        np.exp(-(((y - at + 0.05 * x**2) / 0.009) ** 2)) for at in (-0.30, -0.36, -0.42)
    ) * np.exp(-((x / 0.26) ** 4))
    side = np.abs(x)
    corner = np.exp(-(((side - 0.44) / 0.05) ** 2)) * sum(
        np.exp(-(((y + 0.08 - slope * (side - 0.36)) / 0.007) ** 2))
        for slope in (-0.45, 0.0, 0.45)
    )
    fold = np.exp(-(((side - 0.17 - 0.32 * (y - 0.22)) / 0.012) ** 2))
    fold = fold * np.exp(-(((y - 0.31) / 0.09) ** 4))
    lines: Array = 0.42 * np.clip(forehead + corner + fold, 0.0, 1.0)
    return lines


def _hair(rng: np.random.Generator) -> Array:
    """Strands: noise that changes fast across and slowly along, about -1..1."""
    strands = np.zeros((_MAP_SIZE, _MAP_SIZE))
    for fine, weight in ((32, 0.35), (128, 0.35), (256, 0.45)):
        noise = rng.standard_normal((6, fine))
        image = Image.fromarray(noise.astype(np.float32))
        grown = image.resize((_MAP_SIZE, _MAP_SIZE), Image.Resampling.BICUBIC)
        strands += weight * np.asarray(grown)
    return np.clip(strands, -1.5, 1.5)
