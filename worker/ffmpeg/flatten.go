package ffmpeg

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	ffgo "github.com/u2takey/ffmpeg-go"

	"meanwhile/storage"
	"meanwhile/worker/plan"
)

// flattenNice is the extra niceness of a flattened rendition, compared with a ladder.
const flattenNice = 5

// Flatten writes screen and camera as one picture to outPath, a faststart MP4 of H.264 and AAC.
// Promise and errors are Copy's.
func (t *Tools) Flatten(
	ctx context.Context,
	screen, camera Source,
	f plan.Flat,
	outPath string,
	p Progress,
) error {
	first, err := resolve(screen.Path)
	if err != nil {
		return ioError("find the source", err)
	}
	second, err := resolve(camera.Path)
	if err != nil {
		return ioError("find the camera", err)
	}
	cpu := 3*plan.FlatCost(screen.Probe, camera.Probe, f) + time.Minute
	return makeFile(outPath, func(dir string) error {
		in, out := t.box.inside(first, dir)
		beside := t.box.beside(0, second)
		return conversionError(t.run(ctx, job{
			bin: t.ffmpeg,
			args: FlattenArgs(
				in,
				beside,
				filepath.Join(out, filepath.Base(outPath)),
				screen.Probe,
				camera.Probe,
				f,
			),
			in:       first,
			beside:   []string{second},
			outDir:   dir,
			cpu:      cpu,
			wall:     wallFor(cpu),
			niceness: min(t.nice+flattenNice, 19),
			fsize:    fileLimit(screen.Probe) + fileLimit(camera.Probe),
			meter:    &meter{total: time.Duration(screen.Probe.DurationMS) * time.Millisecond, tell: p},
		}))
	})
}

// FlattenArgs are ffmpeg's arguments for one picture of the screen at in and the camera at beside.
func FlattenArgs(in, beside, out string, screen, camera storage.Probe, f plan.Flat) []string {
	args := append(globalArgs(), progressArgs()...)
	for _, input := range []struct {
		path  string
		probe storage.Probe
	}{{in, screen}, {beside, camera}} {
		of := inputOptions(input.probe.Container)
		// a filter graph that is rebuilt at a size change loses the mask and the time
		of["reinit_filter"] = 0
		args = append(append(args, ffgo.ConvertKwargsToCmdLineArgs(of)...), "-i", fileURL(input.path))
	}
	options := outputOptions()
	options["filter_complex"] = flatGraph(screen.Video, camera.Video, f)
	options["map"] = []string{"[flat]", "0:a:0?"}
	options["f"] = "mp4"
	options["movflags"] = "+faststart"
	options["t"] = decimal(float64(screen.DurationMS) / 1000)
	encodeRung(options, 0, storage.Rung{CRF: f.CRF, MaxrateBPS: f.MaxrateBPS})
	switch {
	case f.NoAudio:
		options["map"] = []string{"[flat]"}
		options["an"] = ""
	case f.CopyAudio:
		options["c:a"] = "copy"
	default:
		encodeAudio(options, screen.Audio, f.GainDB)
	}
	return append(append(args, ffgo.ConvertKwargsToCmdLineArgs(options)...), fileURL(out))
}

// flatGraph draws the camera in a circle where the layout's key frames place it. The mask is drawn
// once, as one repeated frame: to draw it for every frame would cost a third of the whole. The
// screen has a constant frame rate, and its last frame stays if it ends before the sound.
func flatGraph(screen, camera *storage.VideoStream, f plan.Flat) string {
	largest := 2
	sizes := map[int]bool{}
	for _, b := range f.Bubbles {
		if b.Visible {
			largest = max(largest, b.Size)
			sizes[b.Size] = true
		}
	}
	picture := fit(screen, f.Width, f.Height, "out_color_matrix=bt709:out_range=tv", screen.HDR())
	for i, filter := range picture {
		if strings.HasPrefix(filter, "pad=") {
			picture[i] += ":eval=frame"
		}
	}
	if screen.HDR() {
		picture = append(picture, toneMap(screen)...)
	}
	base := fmt.Sprintf(
		"[0:V:0]fps=%s:start_time=0,%s,format=yuv420p,tpad=stop=-1:stop_mode=clone[base]",
		decimal(f.FPS),
		strings.Join(picture, ","),
	)
	face := []string{fmt.Sprintf("setpts=PTS+%s/TB", decimal(f.CameraOffset.Seconds()))}
	face = append(face, "crop=w='min(iw,ih)':h='min(iw,ih)'")
	face = append(
		face,
		fmt.Sprintf(
			"scale=%s:in_color_matrix=%s:out_color_matrix=bt709:out_range=tv",
			size(largest, largest),
			matrix(camera),
		),
		"setsar=1",
	)
	if camera.HDR() {
		face = append(face, toneMap(camera)...)
	}
	mask := fmt.Sprintf(
		"color=c=black:s=%[1]dx%[1]d:r=1:d=1,format=gray,"+
			"geq=lum='255*clip(%[1]d/2-hypot(X-%[1]d/2+0.5,Y-%[1]d/2+0.5)+0.5,0,1)'[mask]",
		largest,
	)
	cut := "[face][mask]alphamerge"
	if len(sizes) > 1 {
		diameter := overTime(f.Bubbles, func(b plan.FlatBubble) int { return b.Size })
		cut += fmt.Sprintf(",scale=w='%[1]s':h='%[1]s':eval=frame", diameter)
	}
	left := overTime(f.Bubbles, func(b plan.FlatBubble) int { return b.Left })
	top := overTime(f.Bubbles, func(b plan.FlatBubble) int { return b.Top })
	shown := overTime(f.Bubbles, func(b plan.FlatBubble) int {
		if b.Visible {
			return 1
		}
		return 0
	})
	put := fmt.Sprintf(
		"[base][bubble]overlay=x='%s':y='%s':eval=frame:format=yuv420:eof_action=pass:enable='%s',format=yuv420p[flat]",
		left,
		top,
		shown,
	)
	return strings.Join(
		[]string{base, "[1:V:0]" + strings.Join(face, ",") + ",format=yuva420p[face]", mask, cut + "[bubble]", put},
		";",
	)
}

// overTime is an expression of the time t. It is a sum that is not nested, because ffmpeg limits
// the depth of nesting.
func overTime(bubbles []plan.FlatBubble, of func(plan.FlatBubble) int) string {
	var steps []string
	last := 0
	for i, b := range bubbles {
		value := of(b)
		switch {
		case i == 0:
			steps = append(steps, fmt.Sprintf("%d", value))
		case value != last:
			steps = append(steps, fmt.Sprintf("%+d*gte(t,%s)", value-last, decimal(b.From.Seconds())))
		}
		last = value
	}
	return strings.Join(steps, "")
}
