"""Faces from all three sources: what a program sees of them, and what goes wrong."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from experiments.workloads.faces.pictures import (
    HELD_BACK,
    FaceSet,
    generate_faces,
    load_faces,
    load_folder,
    load_lfw_faces,
)
from experiments.workloads.faces.previews import sharpness
from knowledge.errors import DataFolderError


@pytest.fixture(scope="module")
def generated() -> FaceSet:
    """Small generated faces, drawn once for this file."""
    return generate_faces(64, 24)


def all_parts(faces: FaceSet) -> list[Tensor]:
    """The four tensors of a set."""
    return [faces.train_a, faces.train_b, faces.held_back_a, faces.held_back_b]


def save_picture(
    path: Path, *, width: int = 20, height: int = 20, seed: int = 0
) -> None:
    """Write a picture of noise."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3))
    Image.fromarray(noise.astype(np.uint8)).save(path)


def folder_of(path: Path, count: int) -> Path:
    """A folder with this many pictures."""
    path.mkdir()
    for i in range(count):
        save_picture(path / f"face {i:03}.png", seed=i)
    return path


class TestGenerated:
    def test_faces_are_rgb_floats_between_0_and_1(self, generated: FaceSet) -> None:
        for part in all_parts(generated):
            assert part.dtype == torch.float32
            assert part.shape[1:] == (3, 64, 64)
            assert part.min() >= 0.0
            assert part.max() <= 1.0

    def test_each_side_has_the_count_asked_for_and_twelve_held_back(
        self, generated: FaceSet
    ) -> None:
        assert [len(part) for part in all_parts(generated)] == [24, 24, 12, 12]

    def test_drawing_again_gives_the_same_faces_bit_for_bit(
        self, generated: FaceSet
    ) -> None:
        generate_faces.cache_clear()
        torch.manual_seed(7)
        again = generate_faces(64, 24)
        for first, second in zip(all_parts(generated), all_parts(again), strict=True):
            assert torch.equal(first, second)

    def test_drawing_leaves_the_global_random_state_alone(self) -> None:
        before = torch.get_rng_state()
        generate_faces(16, 3)
        assert torch.equal(before, torch.get_rng_state())

    def test_a_larger_count_adds_faces_to_the_same_ones(
        self, generated: FaceSet
    ) -> None:
        fewer = generate_faces(64, 5)
        torch.testing.assert_close(fewer.train_a, generated.train_a[:5])
        assert torch.equal(fewer.held_back_b, generated.held_back_b)

    def test_another_size_draws_the_same_pictures(self, generated: FaceSet) -> None:
        large = generate_faces(128, 4).train_b
        shrunk = functional.avg_pool2d(large, 2)
        own = (shrunk - generated.train_b[:4]).square().mean()
        other = (shrunk - generated.train_b[4:8]).square().mean()
        assert own < 0.15 * other

    def test_held_back_faces_are_not_among_those_trained_on(
        self, generated: FaceSet
    ) -> None:
        distance = torch.cdist(
            generated.held_back_a.flatten(1), generated.train_a.flatten(1)
        )
        assert distance.min() > 1.0

    def test_two_people_can_be_told_apart_by_their_mean_face(
        self, generated: FaceSet
    ) -> None:
        """The nearer mean face, of the picture's centre, tells a face's side."""

        def centre(faces: Tensor) -> Tensor:
            return faces[:, :, 16:56, 16:48].flatten(1)

        means = torch.stack(
            [centre(x).mean(0) for x in (generated.train_a, generated.train_b)]
        )
        for side, held in enumerate((generated.held_back_a, generated.held_back_b)):
            nearest = torch.cdist(centre(held), means).argmin(dim=1)
            assert (nearest == side).float().mean() >= 0.9

    def test_pictures_of_one_person_vary_everywhere(self, generated: FaceSet) -> None:
        for part in (generated.train_a, generated.train_b):
            spread = part.std(dim=0)
            assert spread.mean() > 0.1
            assert (spread > 0.02).float().mean() > 0.95

    @pytest.mark.parametrize("size", [64, 128])
    def test_there_is_detail_that_blur_destroys(self, size: int) -> None:
        faces = generate_faces(size, 4).held_back_a
        soft = functional.avg_pool2d(faces, 3, stride=1, padding=1)
        assert sharpness(soft, faces) < 0.35

    @pytest.mark.parametrize("size", [8, 20, 96])
    def test_any_size_can_be_drawn(self, size: int) -> None:
        assert generate_faces(size, 2).train_a.shape == (2, 3, size, size)

    def test_the_default_data_is_generated_and_kept_in_memory(self) -> None:
        assert load_faces("generated", 16, count=3) is load_faces(
            "generated", 16, count=3
        )

    @pytest.mark.parametrize(("size", "count"), [(4, 3), (64, 0)])
    def test_too_small_a_size_or_count_is_refused(self, size: int, count: int) -> None:
        with pytest.raises(ValueError, match=f"{size} px"):
            load_faces("generated", size, count=count)


class TestLfw:
    def test_a_hundred_real_faces_are_split_in_two_sides(self) -> None:
        faces = load_lfw_faces(64)
        assert [len(part) for part in all_parts(faces)] == [40, 40, 10, 10]
        assert faces.train_a.shape[1:] == (3, 64, 64)

    def test_they_are_gray_and_between_0_and_1(self) -> None:
        faces = load_faces("lfw", 32).train_b
        assert torch.equal(faces[:, 0], faces[:, 2])
        assert faces.min() >= 0.0
        assert faces.max() <= 1.0


class TestFolders:
    def test_two_folders_become_two_sides(self, tmp_path: Path) -> None:
        a, b = folder_of(tmp_path / "a", 10), folder_of(tmp_path / "b", 5)
        faces = load_faces(f"{a}::{b}", 16)
        assert [len(part) for part in all_parts(faces)] == [8, 3, 2, 2]
        assert faces.train_a.shape[1:] == (3, 16, 16)

    def test_every_picture_is_trained_on_or_held_back_never_both(
        self, tmp_path: Path
    ) -> None:
        train, held_back = load_folder(folder_of(tmp_path / "a", 23), 16)
        together = torch.cat([train, held_back]).flatten(1)
        assert len(torch.unique(together, dim=0)) == 23

    def test_a_large_folder_holds_back_twelve(self, tmp_path: Path) -> None:
        train, held_back = load_folder(folder_of(tmp_path / "a", 80), 8)
        assert (len(train), len(held_back)) == (80 - HELD_BACK, HELD_BACK)

    def test_too_many_pictures_are_thinned_out_evenly(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("experiments.workloads.faces.pictures.MAX_FOLDER_FACES", 10)
        train, held_back = load_folder(folder_of(tmp_path / "a", 30), 8)
        assert len(train) + len(held_back) == 10

    @pytest.mark.parametrize("count", [2, 3])
    def test_too_few_to_spare_any_serve_as_both(
        self, tmp_path: Path, count: int
    ) -> None:
        train, held_back = load_folder(folder_of(tmp_path / "a", count), 8)
        assert len(train) == count
        assert torch.equal(train, held_back)

    def test_pictures_are_cut_to_a_centred_square(self, tmp_path: Path) -> None:
        pixels = np.zeros((8, 24, 3), np.uint8)
        pixels[:, 8:16] = (255, 0, 0)
        pixels[0, 8] = (250, 0, 0)
        for name in ("one.png", "two.PNG"):
            Image.fromarray(pixels).save(tmp_path / name)
        faces, _ = load_folder(tmp_path, 8)
        assert faces[:, 0].min() > 0.97
        assert faces[:, 1:].max() == 0.0

    def test_shrinking_takes_the_mean_of_the_area(self, tmp_path: Path) -> None:
        for seed in range(2):
            save_picture(tmp_path / f"{seed}.bmp", width=32, height=32, seed=seed)
        shrunk, _ = load_folder(tmp_path, 8)
        full, _ = load_folder(tmp_path, 32)
        expected = functional.avg_pool2d(full, 4)
        torch.testing.assert_close(shrunk, expected, atol=1 / 255, rtol=0)

    @pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK"])
    def test_pictures_of_any_colour_mode_are_read(
        self, tmp_path: Path, mode: str
    ) -> None:
        suffix = "jpg" if mode == "CMYK" else "png"
        for i in range(2):
            noise = np.random.default_rng(i).integers(0, 256, (16, 16, 3))
            picture = Image.fromarray(noise.astype(np.uint8)).convert(mode)
            picture.save(tmp_path / f"{i}.{suffix}")
        assert load_folder(tmp_path, 8)[0].shape == (2, 3, 8, 8)

    def test_hidden_files_system_files_and_folders_are_left_out(
        self, tmp_path: Path
    ) -> None:
        folder = folder_of(tmp_path / "a", 2)
        (folder / ".DS_Store").write_bytes(b"x")
        (folder / "Thumbs.db").write_bytes(b"x")
        (folder / "more").mkdir()
        assert len(load_folder(folder, 8)[0]) == 2

    def test_a_folder_name_may_hold_spaces_and_quotes(self, tmp_path: Path) -> None:
        a = folder_of(tmp_path / "my 'face' folder", 2)
        b = folder_of(tmp_path / 'the "other"', 2)
        assert len(load_faces(f" {a} :: {b} ", 8).train_a) == 2


class TestFolderErrors:
    @pytest.mark.parametrize("data", ["photos", "::", "a::", " ::b", ""])
    def test_data_that_names_no_faces_says_how_to_write_it(self, data: str) -> None:
        with pytest.raises(DataFolderError, match="FOLDER_A::FOLDER_B"):
            load_faces(data, 16)

    def test_a_missing_folder_is_named(self, tmp_path: Path) -> None:
        missing = tmp_path / "missing"
        with pytest.raises(DataFolderError, match=f"There is no folder '{missing}'"):
            load_faces(f"{missing}::{tmp_path}", 16)

    def test_a_file_in_place_of_a_folder_is_named(self, tmp_path: Path) -> None:
        save_picture(tmp_path / "face.png")
        with pytest.raises(DataFolderError, match=r"face\.png' is a file"):
            load_folder(tmp_path / "face.png", 16)

    def test_an_empty_folder_says_what_to_put_there(self, tmp_path: Path) -> None:
        with pytest.raises(DataFolderError, match="holds no picture: put at least two"):
            load_folder(tmp_path, 16)

    def test_a_single_picture_is_too_few(self, tmp_path: Path) -> None:
        with pytest.raises(DataFolderError, match="holds one picture"):
            load_folder(folder_of(tmp_path / "a", 1), 16)

    def test_a_text_file_is_named_with_what_to_do(self, tmp_path: Path) -> None:
        folder = folder_of(tmp_path / "a", 3)
        (folder / "notes.txt").write_text("hello")
        with pytest.raises(DataFolderError, match=r"'notes\.txt'.*move it elsewhere"):
            load_folder(folder, 16)

    def test_text_that_calls_itself_a_picture_is_named(self, tmp_path: Path) -> None:
        folder = folder_of(tmp_path / "a", 3)
        (folder / "fake.jpg").write_text("hello")
        with pytest.raises(DataFolderError, match=r"'fake\.jpg'.*cannot be read"):
            load_folder(folder, 16)

    def test_a_picture_cut_short_is_named(self, tmp_path: Path) -> None:
        folder = folder_of(tmp_path / "a", 3)
        whole = (folder / "face 001.png").read_bytes()
        (folder / "face 001.png").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(DataFolderError, match=r"'face 001\.png'"):
            load_folder(folder, 16)

    def test_a_picture_of_one_colour_is_named(self, tmp_path: Path) -> None:
        folder = folder_of(tmp_path / "a", 3)
        Image.new("RGB", (16, 16), "gray").save(folder / "gray.png")
        with pytest.raises(DataFolderError, match=r"'gray\.png'.*one colour"):
            load_folder(folder, 16)
