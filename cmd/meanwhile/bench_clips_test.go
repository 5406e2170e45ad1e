//go:build bench

package main_test

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// recipe changes when a clip is made in another way, so that no old clip is taken from the cache.
const recipe = "1"

// What a browser writes: H.264 in movie fragments, and VP8 in a WebM without a length.
var (
	likeMP4 = []string{
		"-c:v",
		"libx264",
		"-preset",
		"superfast",
		"-tune",
		"zerolatency",
		"-profile:v",
		"high",
		"-pix_fmt",
		"yuv420p",
		"-g",
		"60",
	}
	likeWebM = []string{"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "60"}
	opus     = []string{"-c:a", "libopus", "-b:a", "128k"}
	inParts  = []string{"-movflags", "+frag_keyframe+empty_moov+default_base_moof"}
)

// A distant voice: steady noise that comes and goes, and is too quiet.
var voice = []string{
	"-f",
	"lavfi",
	"-i",
	"anoisesrc=colour=pink:amplitude=0.25:sample_rate=48000:seed=7,tremolo=f=3:d=0.8",
}

// screen is a page of text that is scrolled now and then; ext is mp4 or webm.
func (b *bench) screen(seconds int, ext string) string {
	b.Helper()
	return b.clip(fmt.Sprintf("screen-%ds.%s", seconds, ext), func(out string) []string {
		page := b.clip("page.png", func(out string) []string { b.drawPage(out); return nil })
		picture := "[0:v]format=yuv420p,loop=loop=-1:size=1," +
			"crop=1920:1080:0:'mod(120*floor(t/4)+120*min(1,mod(t,4)/0.4),2100)'[page];" +
			"[page][1:v]overlay=x='960+500*sin(max(0,mod(t,6)-3))':" +
			"y='500+200*cos(max(0,mod(t,6)-3))':shortest=0,format=yuv420p[v]"
		args := append(
			[]string{"-framerate", "30", "-i", page, "-f", "lavfi", "-i", "color=c=red:s=18x26:r=30"},
			voice...)
		args = append(args, "-filter_complex", picture, "-map", "[v]", "-map", "2:a", "-t", fmt.Sprint(seconds))
		return append(args, recorded(ext, "3M")...)
	})
}

// camera is a picture that always moves, with the noise of a dim room.
func (b *bench) camera(seconds int, ext string) string {
	b.Helper()
	return b.clip(fmt.Sprintf("camera-%ds.%s", seconds, ext), func(string) []string {
		picture := "[0:v]format=yuv420p[back];[1:v]format=yuv420p[face];" +
			"[back][face]overlay=x='700+60*sin(t)':" +
			"y='300+40*cos(1.3*t)',gblur=sigma=2,noise=alls=14:allf=t:all_seed=7,format=yuv420p[v]"
		args := []string{
			"-f",
			"lavfi",
			"-i",
			"gradients=s=1920x1080:r=30:n=6:speed=0.01:seed=7",
			"-f",
			"lavfi",
			"-i",
			"testsrc2=s=480x480:r=30",
		}
		args = append(args, voice...)
		args = append(args, "-filter_complex", picture, "-map", "[v]", "-map", "2:a", "-t", fmt.Sprint(seconds))
		return append(args, recorded(ext, "6M")...)
	})
}

func recorded(ext, rate string) []string {
	cap := []string{"-b:v", rate, "-maxrate", rate, "-bufsize", rate}
	var args []string
	switch ext {
	case "mp4":
		args = append(append(append(args, likeMP4...), cap...), opus...)
		return append(append(args, inParts...), "-f", "mp4")
	default:
		args = append(append(append(args, likeWebM...), cap...), opus...)
		return append(args, "-f", "webm", "-live", "1")
	}
}

// small is a picture of 720 lines at 8 Mb/s: many bytes for little work.
func (b *bench) small() string {
	b.Helper()
	return b.clip("small-30s.mp4", func(string) []string {
		args := append([]string{"-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30"}, voice...)
		args = append(args, "-vf", "noise=alls=20:allf=t:all_seed=7", "-t", "30")
		return append(args, recorded("mp4", "7M")...)
	})
}

// joined repeats clip until it has about that many bytes, and copies the packets unchanged. With
// keep false it is not kept in the cache.
func (b *bench) joined(name, clip string, sizeBytes int64, keep bool) string {
	b.Helper()
	dir := b.cacheFolder()
	if !keep {
		dir = b.folder()
	}
	one := b.size(clip)
	times := int((sizeBytes + one/2) / one)
	list := filepath.Join(b.folder(), "list.txt")
	if err := os.WriteFile(list, []byte(strings.Repeat("file '"+clip+"'\n", max(1, times))), 0o600); err != nil {
		b.Fatal(err)
	}
	args := []string{"-f", "concat", "-safe", "0", "-i", list, "-c", "copy"}
	if strings.HasSuffix(name, ".webm") {
		return b.clipIn(dir, name, func(string) []string { return append(args, "-f", "webm", "-live", "1") })
	}
	return b.clipIn(dir, name, func(string) []string { return append(append(args, inParts...), "-f", "mp4") })
}

func (b *bench) cacheFolder() string { return filepath.Join(b.cache, "clips-"+recipe) }

// clip makes a file once. args returns ffmpeg's arguments before the output, or nil if it has made
// the file itself.
func (b *bench) clip(name string, args func(out string) []string) string {
	b.Helper()
	return b.clipIn(b.cacheFolder(), name, args)
}

func (b *bench) clipIn(dir, name string, args func(out string) []string) string {
	b.Helper()
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	half := filepath.Join(dir, "half-"+name)
	if made := args(half); made != nil {
		bare(
			b,
			"ffmpeg",
			append(append([]string{"-hide_banner", "-nostdin", "-loglevel", "error", "-y"}, made...), half)...)
	}
	if err := os.Rename(half, path); err != nil {
		b.Fatal(err)
	}
	return path
}

// glyph is a letter of no alphabet: only the edges of text matter here.
type glyph [12][7]bool

func newGlyph(random *rand.Rand) (g glyph) {
	for range 4 { // strokes
		x, y, across := random.IntN(6), random.IntN(11), random.IntN(2) == 0
		for step := range 6 {
			if across {
				g[y][step] = true
			} else {
				g[min(11, y/2+step)][x] = true
			}
		}
	}
	return g
}

// drawPage draws a narrow dark column and a wide light one, full of lines of words.
func (b *bench) drawPage(path string) {
	b.Helper()
	page := image.NewRGBA(image.Rect(0, 0, 1920, 3240))
	draw.Draw(page, page.Bounds(), image.NewUniform(color.RGBA{252, 252, 250, 255}), image.Point{}, draw.Src)
	draw.Draw(page, image.Rect(0, 0, 320, 3240), image.NewUniform(color.RGBA{32, 36, 48, 255}), image.Point{}, draw.Src)
	random := rand.New(rand.NewPCG(7, 11))
	alphabet := make([]glyph, 40)
	for i := range alphabet {
		alphabet[i] = newGlyph(random)
	}
	inks := []color.RGBA{{30, 30, 34, 255}, {30, 30, 34, 255}, {11, 110, 95, 255}, {170, 40, 60, 255}}
	for y := 24; y < 3200; y += 20 {
		drawLine(page, random, alphabet, color.RGBA{200, 204, 216, 255}, 24, 296-random.IntN(120), y)
		drawLine(page, random, alphabet, inks[random.IntN(len(inks))], 360, 1880-random.IntN(400), y)
	}
	f, err := os.Create(path)
	if err == nil {
		err = errors.Join(png.Encode(f, page), f.Close())
	}
	if err != nil {
		b.Fatal(err)
	}
}

func drawLine(page *image.RGBA, random *rand.Rand, alphabet []glyph, ink color.RGBA, from, to, y int) {
	for x := from; x < to; x += 9 {
		if random.IntN(6) == 0 {
			continue // between words
		}
		for dy, line := range alphabet[random.IntN(len(alphabet))] {
			for dx, inked := range line {
				if inked {
					page.SetRGBA(x+dx, y+dy, ink)
				}
			}
		}
	}
}
