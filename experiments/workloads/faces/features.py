"""What is painted on a head: skin, brows, nostrils, mouth and eyes."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from experiments.workloads.faces.heads import EYE_HEIGHT, MOUTH_HEIGHT, Head
from experiments.workloads.faces.painting import bell, look_up, paint, rgb


@dataclass(frozen=True)
class Features:
    """The features of one chunk of heads, or of the rows of it that show some."""

    head: Head
    skin_map: Tensor
    hair_map: Tensor
    across: Tensor
    along: Tensor
    light: Tensor

    def draw(self, canvas: Tensor) -> None:
        """Paint the heads over the canvas (n, 3, size, size), in place."""
        face = self._skin()
        upper, upper_rows = self._rows(-0.50, 0.16)
        lower, lower_rows = self._rows(0.12, 0.75)
        upper._paint_brows(face[:, :, upper_rows])
        lower._paint_nostrils(face[:, :, lower_rows])
        lower._paint_mouth(face[:, :, lower_rows])
        face *= self.light
        upper._paint_eyes(face[:, :, upper_rows])
        canvas.lerp_(face, self.head.covers[:, None])

    def _rows(self, top: float, bottom: float) -> tuple["Features", slice]:
        """The features cut to the rows that show a band of the head, and which.

        Eyes and mouth need half of the picture each; painting less is faster.
        """
        shown = ((self.along > top) & (self.along < bottom)).any(2).any(0).nonzero()
        rows = slice(int(shown[0]), int(shown[-1]) + 1) if len(shown) else slice(0)
        cut = replace(
            self,
            across=self.across[:, rows],
            along=self.along[:, rows],
            light=self.light[:, :, rows],
        )
        return cut, rows

    def _skin(self) -> Tensor:
        person, across, along = self.head.person, self.across, self.along
        side = across.abs()
        marks, shadow = look_up(self.skin_map, across, along).unbind(1)
        skin = rgb(person.skin).expand(len(across), 3, *across.shape[1:]).clone()
        blush = bell(side - 0.32, 0.13) * bell(along - 0.17, 0.11)
        blush = blush + 0.7 * bell(across, 0.09) * bell(along - 0.2, 0.09)
        paint(skin, rgb((0.85, 0.42, 0.36)), 0.20 * blush)
        dark = (
            0.22
            * bell(side - person.eye_apart, 0.14)
            * bell(along - EYE_HEIGHT + 0.015, 0.075)
        )
        tip = EYE_HEIGHT - 0.06 + person.nose_length
        dark = dark + 0.20 * bell(across, person.nose_width) * bell(
            along - tip - 0.045, 0.028
        )
        dark = dark + 0.14 * bell(across, 0.12) * bell(along - 0.565, 0.03)
        skin *= (1.0 - dark)[:, None]
        paint(skin, rgb((0.48, 0.27, 0.17)), marks)
        paint(skin, rgb((0.10, 0.08, 0.07)), shadow)
        return skin

    def _paint_brows(self, face: Tensor) -> None:
        person = self.head.person
        outward = (self.across.abs() - person.eye_apart) / (person.eye_size * 1.45)
        middle = EYE_HEIGHT - 0.165 - self.head.between("brow_raise", -0.02, 0.055)
        middle = middle - person.brow_arch * (1.0 - (outward - 0.25).square())
        thickness = person.brow_thickness * (1.0 - 0.5 * outward - 0.35 * outward**4)
        inside = thickness - (self.along - middle).abs()
        ends = 1.0 - outward.abs()
        hairs = hair_texture(
            self.hair_map, self.across * 2.6 + self.along * 1.2, self.along * 0.5
        )
        alpha = self.head.cover(torch.minimum(inside, ends * person.eye_size))
        alpha = alpha * (0.72 + 0.32 * hairs).clamp(0.0, 1.0)
        paint(face, rgb(person.hair) * 0.75, alpha)

    def _paint_mouth(self, face: Tensor) -> None:
        person = self.head.person
        smile = self.head.between("smile", -0.35, 1.0)
        opened = (self.head.between("mouth_open", -0.7, 1.0)).clamp(min=0.0)
        half_width = person.mouth_width * (1.0 + 0.16 * smile - 0.12 * opened)
        t = self.across / half_width
        bend = (1.0 - t.square()).clamp(-1.0, 1.0)
        line = MOUTH_HEIGHT - 0.055 * smile * (t.square() - 0.35)
        bow = 1.0 - 0.28 * bell(t, 0.16)
        upper = line - person.lip_fullness * bend * bow
        gap_top = line - 0.008 * bend * opened
        gap_bottom = line + 0.125 * opened * bend
        lower = gap_bottom + 1.15 * person.lip_fullness * bend
        lips = torch.minimum(self.along - upper, lower - self.along)
        lines = 0.88 + 0.10 * torch.sin(95.0 * self.across)
        full = bell(self.along - 0.5 * (gap_bottom + lower), 0.02)
        colour = rgb(person.lip) * (lines + 0.22 * full)[:, None]
        paint(face, colour, 0.92 * self.head.cover(lips))
        seam = bell(self.along - line, 0.012) * self.head.cover(bend * 0.1)
        paint(face, rgb((0.22, 0.07, 0.07)), 0.8 * seam)
        gap = self.head.cover(
            torch.minimum(self.along - gap_top, gap_bottom - self.along)
        )
        gap = gap * (opened > 0.05)
        paint(face, rgb((0.20, 0.05, 0.06)), gap)
        teeth_end = gap_top + 0.055 * bend * opened.sqrt()
        teeth = torch.minimum(self.along - gap_top, teeth_end - self.along)
        clefts = 0.93 - 0.18 * bell(torch.sin(62.0 * self.across), 0.25)
        ivory = rgb((0.93, 0.90, 0.84)) * clefts[:, None]
        paint(face, ivory, gap * self.head.cover(teeth))

    def _paint_nostrils(self, face: Tensor) -> None:
        tip = EYE_HEIGHT - 0.06 + self.head.person.nose_length
        side = self.across.abs() - 0.48 * self.head.person.nose_width
        holes = bell(side, 0.026) * bell(self.along - tip - 0.012, 0.017)
        paint(face, rgb((0.16, 0.07, 0.06)), 0.85 * holes)

    def _paint_eyes(self, face: Tensor) -> None:
        """Both eyes at once: they mirror each other except for the gaze."""
        person = self.head.person
        size = person.eye_size
        mirror = self.across.sign()
        x = (self.across.abs() - person.eye_apart) / size
        y = (self.along - EYE_HEIGHT) / size + person.eye_slant * x
        opened = self.head.between("eye_open", 0.25, 1.35).clamp(max=1.05)
        bend = (1.0 - x.square()).clamp(min=-1.0)
        upper = -0.62 * opened * bend * (1.0 - 0.15 * x)
        lower = 0.33 * bend * (0.6 + 0.4 * opened)
        eye = self.head.cover(torch.minimum(y - upper, lower - y) * size)

        lit = (0.35 + 0.65 * self.light).clamp(max=1.15)
        white = rgb((0.92, 0.90, 0.88)) * lit
        white = white * (1.0 - 0.35 * bell(y - upper, 0.22))[:, None]
        paint(face, white, eye)
        gaze_x = self.head.between("gaze_x", -0.34, 0.34) * mirror
        gaze_y = self.head.between("gaze_y", -0.16, 0.12) - 0.12
        away = ((x - gaze_x).square() + (y - gaze_y).square()).sqrt()
        spokes = torch.sin(14.0 * torch.atan2(y - gaze_y, x - gaze_x))
        ring = 1.05 - 0.75 * (away / 0.47).pow(6).clamp(max=1.0) + 0.14 * spokes
        iris = rgb(person.eye) * (ring[:, None] * lit)
        paint(face, iris, eye * self.head.cover((0.47 - away) * size))
        paint(face, rgb((0.03,) * 3), eye * self.head.cover((0.20 - away) * size))
        glint_x = self.head.between("light_from_x", -0.2, 0.2) * mirror
        glint = (x - gaze_x - glint_x).square() + (y - gaze_y + 0.17).square()
        glint = self.head.cover((0.12 - glint.sqrt()) * size)
        paint(face, rgb((0.97,) * 3), 0.9 * eye * glint)

        within = self.head.cover((1.08 - x.abs()) * size)
        lash_width = 0.13 if person.hair_is_long else 0.09
        lashes = bell(y - upper + 0.03, lash_width) * within
        paint(face, rgb((0.08, 0.05, 0.04)), 0.92 * lashes)
        crease = bell(y - upper + 0.30, 0.08) * bell(x, 0.75)
        under = 0.7 * bell(y - lower - 0.02, 0.07) * within
        paint(face, rgb(person.skin) * 0.42, 0.55 * (crease + under).clamp(max=1.0))


def hair_texture(hair_map: Tensor, across: Tensor, along: Tensor) -> Tensor:
    """Hair texture, about -1..1."""
    return look_up(hair_map, across, along)[:, 0]
