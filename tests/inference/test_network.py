import io
import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from pillow_heif import register_heif_opener

from digitbook.experiments import store
from digitbook.images import strangers
from digitbook.images.read import MOST_PIXELS, NotReadable, images_in, read_image
from digitbook.inference.network import Network, NetworkMissing, guard_of
from digitbook.paths import RELEASED


@pytest.fixture(scope="module")
def network():
    return Network.load()


def test_answers_are_those_of_keras_with_the_temperature(network, digits):
    from digitbook.networks import evaluation

    model, note = store.load_network(RELEASED.with_suffix(".keras"))
    images = digits.x_test
    expected = evaluation.with_temperature(evaluation.predict(model, images), note["temperature"])
    found = network.probabilities(images)
    assert found.dtype == "float32"
    assert found.shape == (1000, 10)
    assert np.abs(found - expected).max() < 1e-4
    assert found.argmax(axis=1).tolist() == expected.argmax(axis=1).tolist()


def test_network_says_what_it_is(network):
    assert network.class_names == list("0123456789")
    assert network.description["name"] == "cnn"
    assert network.description["temperature"] == network.temperature


def test_an_answer_does_not_depend_on_the_others(network, digits):
    images = digits.x_test[:20]
    together = network.probabilities(images)
    for place in range(20):
        assert np.array_equal(network.probabilities(images[place : place + 1])[0], together[place])
    assert network.probabilities(images[:0]).shape == (0, 10)


def test_several_threads_get_the_answers_of_one(network, digits):
    images = digits.x_test[:200]
    expected = network.probabilities(images)
    batches = np.split(images, 100)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            found = np.concatenate(list(pool.map(network.probabilities, batches)))
            assert np.array_equal(found, expected)


def test_answers_name_the_likeliest_class(network, digits):
    images = digits.x_test[:50]
    probabilities = network.probabilities(images)
    for row, answer in zip(probabilities, network.answers(images), strict=True):
        assert answer["label"] == (None if answer["why"] else str(row.argmax()))
        assert answer["confidence"] == max(answer["probabilities"].values())
        assert list(answer["probabilities"]) == list("0123456789")
        assert list(answer["probabilities"].values()) == pytest.approx(row.tolist(), abs=1e-6)
        assert json.loads(json.dumps(answer)) == answer


def test_digits_are_answered_and_what_is_none_is_refused_with_a_reason(network, digits):
    answered = [answer["label"] is not None for answer in network.answers(digits.x_test[:300])]
    assert np.mean(answered) > 0.97
    rng = np.random.default_rng(0)
    for name in ("dot", "face", "polygon", "wave"):
        images = strangers.drawn({name: strangers.SHAPES[name]}, 20, rng)
        refused = [answer for answer in network.answers(images) if answer["label"] is None]
        assert len(refused) > 16, name
        assert {answer["why"] for answer in refused} >= {
            "This looks like something else, not like a digit."
        }
    pairs = network.answers(strangers.several(digits.x_test, 40, rng))
    assert sum(answer["why"] is not None for answer in pairs) > 25
    assert "This looks like several digits, not like a digit." in {answer["why"] for answer in pairs}


def test_only_networks_for_the_guards_digits_are_guarded(network):
    assert network.guard.kind == "guard"
    assert guard_of({"data": "mnist5k"}) is network.guard
    assert guard_of({"data": "kannada"}) is None
    assert guard_of({}) is None


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((28, 28), "uint8"),
        np.zeros((1, 28, 27), "uint8"),
        np.zeros((1, 28, 28), "float32"),
        np.zeros((1, 28, 28, 1), "uint8"),
    ],
)
def test_other_arrays_are_refused(network, images):
    with pytest.raises(ValueError, match=r"uint8 of shape \(N, 28, 28\)"):
        network.probabilities(images)


def without(suffix):
    return lambda path: path.with_suffix(suffix).unlink()


def another_description(path):
    path.with_suffix(".json").write_text('{"name": "cnn"}')


def not_json(path):
    path.with_suffix(".json").write_bytes(b"\xff\x00")


def one_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut_short(path):
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (without(".tflite"), "no file .*cnn.tflite"),
        (without(".json"), "no file .*cnn.json"),
        (another_description, "cnn.json is not the description"),
        (not_json, "cnn.json is not the description"),
        (one_bit, "cnn.tflite is damaged or does not belong"),
        (cut_short, "cnn.tflite is damaged or does not belong"),
    ],
)
def test_damaged_exports_are_refused(damage, reason, tmp_path):
    for suffix in (".tflite", ".json"):
        shutil.copy(RELEASED.with_suffix(suffix), tmp_path)
    damage(tmp_path / "cnn.tflite")
    with pytest.raises(NetworkMissing, match=reason):
        Network.load(tmp_path / "cnn.tflite")


def test_nothing_heavy_is_imported_and_nothing_is_said():
    program = (
        "import sys; from digitbook.inference.network import Network; Network.load();"
        "print(sorted({'tensorflow', 'keras', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("[]\n", "")


register_heif_opener()


def drawing():
    """A stroke, dark on light, as grey levels."""
    pixels = np.full((90, 60), 255, "uint8")
    pixels[20:70, 27:33] = 0
    return pixels


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    file.seek(0)
    return file


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM", "HEIF"])
def test_common_formats_are_read(kind, network):
    image = read_image(encoded(Image.fromarray(drawing()), kind))
    assert (image.shape, image.dtype, image.max()) == ((28, 28), np.dtype("uint8"), 255)
    assert network.answers(image[None])[0]["label"] == "1"


def test_heic_photo_without_its_package_says_what_to_do(monkeypatch):
    photo = encoded(Image.fromarray(drawing()), "HEIF")
    with pytest.raises(NotReadable, match=r"HEIC photo: export it as a JPEG"):
        read_image(photo, formats=("PNG", "JPEG"))
    photo.seek(0)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(NotReadable, match=r"HEIC photo.*pip install 'digitbook\[heic\]'"):
        read_image(photo)


def test_damaged_heic_photo_is_one_sentence():
    photo = encoded(Image.fromarray(drawing()), "HEIF").getvalue()
    for cut in (40, len(photo) // 2, len(photo) - 20):
        with pytest.raises(NotReadable, match="cannot be read|can be read") as caught:
            read_image(io.BytesIO(photo[:cut]))
        assert "\n" not in str(caught.value)


def test_photos_of_a_phone_are_found_in_a_folder(tmp_path):
    (tmp_path / "IMG_0007.HEIC").write_bytes(encoded(Image.fromarray(drawing()), "HEIF").getvalue())
    assert [path.name for path in images_in(tmp_path)] == ["IMG_0007.HEIC"]


def test_of_several_pages_the_first_is_read_and_that_is_said(tmp_path):
    blank = Image.new("L", (60, 90), 255)
    Image.fromarray(drawing()).save(tmp_path / "scan.tif", save_all=True, append_images=[blank, blank])
    with pytest.warns(UserWarning, match=r"scan\.tif has 3 pages; the first is read"):
        assert read_image(tmp_path / "scan.tif").any()


def test_pdf_is_refused_by_its_name():
    with pytest.raises(NotReadable, match="This is a PDF: save the page"):
        read_image(io.BytesIO(b"%PDF-1.7\n"))


def bomb(side):
    return encoded(Image.new("1", (side, side)), "PNG")


def beginning_of(kind, size):
    noise = np.random.default_rng(0).integers(0, 255, (80, 80), "uint8")
    return io.BytesIO(encoded(Image.fromarray(noise), kind).getvalue()[:size])


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: io.BytesIO(), "not an image"),
        (lambda: io.BytesIO(b"%!PS-Adobe-3.0 EPSF-3.0\n"), "not an image"),
        (lambda: beginning_of("PNG", 20), "cannot be read"),
        (lambda: beginning_of("PNG", 2000), "cannot be read"),
        (lambda: beginning_of("JPEG", 2000), "cannot be read"),
        (lambda: bomb(10_000), f"more than the {MOST_PIXELS:,} pixels"),
        (lambda: bomb(20_000), f"more than the {MOST_PIXELS:,} pixels"),
        (lambda: encoded(Image.new("L", (50, 50), 255), "PNG"), "no ink"),
        (lambda: encoded(Image.new("L", (1, 1)), "PNG"), "no ink"),
        (lambda: encoded(Image.new("RGBA", (50, 50)), "PNG"), "no ink"),
    ],
)
def test_what_is_no_drawing_is_refused_in_a_sentence(make, reason):
    with pytest.raises(NotReadable, match=reason) as caught:
        read_image(make())
    assert "\n" not in str(caught.value)


def test_only_the_formats_that_were_named_are_read():
    with pytest.raises(NotReadable, match=r"not an image that can be read \(PNG, JPEG\)"):
        read_image(encoded(Image.fromarray(drawing()), "GIF"), formats=("PNG", "JPEG"))


def test_missing_file_and_folder_are_named_for_what_they_are(tmp_path):
    with pytest.raises(NotReadable, match="no such file"):
        read_image(tmp_path / "absent.png")
    with pytest.raises(NotReadable, match="Is a directory"):
        read_image(tmp_path)
