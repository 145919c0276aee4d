"""Films as people have them, made with ffmpeg: times, shapes and sound arrive in the recording."""

from __future__ import annotations

import subprocess
from fractions import Fraction

import av
import numpy as np
import pytest

from facetoon.edge_runtime.__main__ import main
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sources.containers import square_size
from facetoon.edge_runtime.sources.films import FilmClock
from facetoon.edge_runtime.sources.source import open_source


@pytest.fixture
def ffmpeg(needs_program, tmp_path):
    """Run Debian's ffmpeg: input and output flags, then the name of a file in tmp_path; return its path."""
    program = needs_program("ffmpeg", "ffmpeg")

    def make(flags, name):
        path = tmp_path / name
        subprocess.run([program, "-v", "error", "-y", *flags.split(), str(path)], check=True, stdin=subprocess.DEVNULL)
        return path

    return make


def pattern(rate, seconds, size="64x48"):
    return f"-f lavfi -i testsrc=size={size}:rate={rate}:duration={seconds}"


def times_of(path):
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0)]


def recorded(tmp_path, tiny_model, film, *flags):
    out = tmp_path / "recorded.mp4"
    words = ("--source", film, "--model", tiny_model, "--headless", "--record", out, *flags)
    assert main(list(map(str, words))) == 0
    return out


RATES = {"1": 1, "25/2": 12.5, "15": 15, "30000/1001": 29.97, "60": 60}


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("ending", ["mp4", "webm", "avi"])
def test_a_recording_lasts_as_long_as_its_film(ffmpeg, tmp_path, tiny_model, rate, ending):
    film = ffmpeg(pattern(rate, 4) + (" -c:v libvpx -deadline realtime" if ending == "webm" else ""), f"film.{ending}")
    out = recorded(tmp_path, tiny_model, film)
    with av.open(str(out)) as container:
        assert container.duration / av.time_base == pytest.approx(4, rel=0.02)
    assert len(times_of(out)) == round(4 * RATES[rate])


PAUSED = "-vf setpts='(N+40*gte(N\\,10))/20/TB' -vsync vfr"


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        (f"{PAUSED} -c:v libvpx -deadline realtime -r 1000", "browser.webm"),
        (f"{PAUSED} -c:v libx264", "phone.mp4"),
        (f"{PAUSED} -c:v libx264 -bf 2 -output_ts_offset 1000", "late.ts"),
    ],
)
def test_a_pause_stays_where_it_was_whatever_rate_is_stated(ffmpeg, tmp_path, tiny_model, flags, name):
    film = ffmpeg(f"{pattern(20, 1)} {flags.replace(' -r 1000', '')}", name)
    expected = [(number + (40 if number >= 10 else 0)) / 20 for number in range(20)]
    assert times_of(recorded(tmp_path, tiny_model, film)) == pytest.approx(expected, abs=2e-3)


def test_a_film_without_a_believable_rate_is_thirty_a_second_for_the_encoder_alone(ffmpeg, monkeypatch):
    film = ffmpeg(f"{pattern(1000, 0.05)} -c:v ffv1", "film.mkv")
    source = open_source(str(film))
    assert source.rate_hz == 30
    source.read()
    source.read()
    assert source.time_s == pytest.approx(0.001)
    source.close()


@pytest.mark.parametrize(
    ("stamps", "times_s"),
    [
        ([5.0, 5.1, 5.3], [0, 0.1, 0.3]),
        ([None, None, None], [0, 0.1, 0.2]),
        ([-1.0, None, -0.7], [0, 0.1, 0.3]),
        ([0.0, 0.5, 0.5, 0.6], [0, 0.5, 0.6, 0.7]),  # a time that stands still
        ([90.0, 90.1, 0.0, 0.1], [0, 0.1, 0.2, 0.3]),  # films joined end to end
        ([0.0, 0.1, 95000.0, 95000.2], [0, 0.1, 0.2, 0.4]),  # a broken stamp
    ],
)
def test_times_begin_at_zero_and_always_rise(stamps, times_s):
    clock = FilmClock(10.0)
    assert [clock.time_s(stamp) for stamp in stamps] == pytest.approx(times_s)


def test_pixels_that_are_not_square_become_square(ffmpeg):
    wide = open_source(str(ffmpeg(f"{pattern(25, 0.2, '72x96')} -vf setsar=4/3 -c:v libx264", "wide.mp4")))
    tall = open_source(str(ffmpeg(f"{pattern(25, 0.2, '96x72')} -vf setsar=3/4 -c:v mpeg4", "tall.mkv")))
    assert wide.read().shape == tall.read().shape == (96, 96, 3)
    for source in (wide, tall):
        source.close()


def test_a_film_of_a_turned_phone_stands_upright(ffmpeg):
    flat = ffmpeg(f"{pattern(25, 0.2)} -c:v libx264 -qp 0", "flat.mp4")
    turned = ffmpeg(f"-i {flat} -c copy -metadata:s:v rotate=90", "turned.mp4")
    upright, frame = open_source(str(turned)), open_source(str(flat)).read()
    assert np.array_equal(upright.read(), np.rot90(frame, 1))
    upright.close()


def test_a_transparent_film_lies_on_white(ffmpeg):
    film = ffmpeg("-f lavfi -i color=black@0:size=32x32:duration=0.2,format=rgba -c:v png", "clear.mov")
    source = open_source(str(film))
    assert (source.read() == 255).all()
    source.close()


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.avi"])
def test_a_film_that_is_cut_short_is_recorded_said_and_ends_with_1(ffmpeg, tmp_path, tiny_model, capsys, name):
    film = ffmpeg(f"{pattern(25, 4, '160x120')} -c:v mpeg4{' -movflags +faststart' * name.endswith('4')}", name)
    data = film.read_bytes()
    film.write_bytes(data[: len(data) * 6 // 10])
    out = tmp_path / "out.mp4"
    words = ("--source", film, "--model", tiny_model, "--headless", "--record", out)
    assert main(list(map(str, words))) == 1
    assert "film" in (said := capsys.readouterr().err)
    assert "is cut short: " in said
    assert "of its 4.00 s are there" in said
    assert 40 < len(times_of(out)) < 80


def test_a_film_without_its_index_is_one_sentence(ffmpeg):
    film = ffmpeg(f"{pattern(25, 1)} -c:v mpeg4", "film.mp4")
    film.write_bytes(film.read_bytes()[:-1500])
    with pytest.raises(InputError, match="or it is cut short"):
        open_source(str(film))


@pytest.mark.parametrize(("transfer", "standard"), [("smpte2084", "PQ"), ("arib-std-b67", "HLG")])
def test_an_hdr_film_is_named(ffmpeg, caplog, transfer, standard):
    flags = f"-c:v libx265 -pix_fmt yuv420p10le -x265-params log-level=0:colorprim=bt2020:transfer={transfer}"
    source = open_source(str(ffmpeg(f"{pattern(25, 0.2)} {flags}", "film.mp4")))
    assert f"film.mp4 is HDR ({standard})" in caplog.text
    source.close()


def test_a_sound_file_with_a_cover_is_no_film(ffmpeg):
    cover = ffmpeg("-f lavfi -i color=red:size=32x32 -frames:v 1", "cover.png")
    flags = f"-f lavfi -i sine=duration=1 -i {cover} -map 0 -map 1 -c:v copy -disposition:v attached_pic"
    with pytest.raises(InputError, match="no moving picture"):
        open_source(str(ffmpeg(flags, "song.m4a")))


def test_a_name_with_colons_is_a_name(ffmpeg, tmp_path, monkeypatch):
    ffmpeg(f"{pattern(25, 0.4)} -c:v libx264", "film.mp4").rename(tmp_path / "2024-05-01T12:30:05.mp4")
    monkeypatch.chdir(tmp_path)
    for name in ("2024-05-01T12:30:05.mp4", "./2024-05-01T12:30:05.mp4"):
        source = open_source(name)
        assert sum(source.read() is not None for _ in range(11)) == 10
        source.close()


def test_decoder_threads_never_log_since_that_can_stop_close_for_ever(ffmpeg):
    """With any level, a thread that logs waits for Python's lock, which `close` holds while it waits for the thread."""
    open_source(str(ffmpeg(f"{pattern(25, 0.2)} -c:v mpeg4", "film.mp4"))).close()
    assert av.logging.get_level() is None


def test_a_stated_shape_of_pixels_makes_no_picture_of_more_than_8k():
    assert square_size(7680, 4320, Fraction(8)) == (7680, 4320)
    assert square_size(1920, 1080, Fraction(1, 2)) == (1920, 2160)
