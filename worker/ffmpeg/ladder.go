package ffmpeg

import (
	"context"
	"fmt"
	"path"
	"strings"

	ffgo "github.com/u2takey/ffmpeg-go"

	"meanwhile/storage"
)

// The names of the files that a ladder's process writes beside its rungs.
const (
	StoryboardName = "storyboard.jpg"
	PreviewName    = "preview.mp4"
)

// FragmentedName is the file of a rung for HLS.
func FragmentedName(r storage.Rung) string { return r.Name + ".m4s" }

// ProgressiveName is the file of a rung that plays by itself.
func ProgressiveName(r storage.Rung) string { return r.Name + ".mp4" }

// lowerThreads is for every rung but the first: together they need less than the first.
const lowerThreads = 2

// Ladder writes every rendition of l, and storyboard and preview if l has them, into the folder
// outDir, which must not exist yet. It uses one process and decodes and encodes the sound once.
// Nothing is at outDir unless it returns nil. Errors are Copy's.
func (t *Tools) Ladder(
	ctx context.Context,
	src Source,
	l storage.Ladder,
	s storage.Storyboard,
	outDir string,
	p Progress,
) error {
	cpu := Budget(src.Probe, l)
	w := work{cpu: cpu, wall: wallFor(cpu), niceness: t.nice, reports: true, progress: p}
	if !l.Encodes() {
		w.niceness = t.nice / 2
	}
	return t.makeFolder(
		ctx,
		src,
		outDir,
		ladderFiles(l),
		w,
		func(in, out string) []string { return LadderArgs(in, out, src.Probe, l, s) },
	)
}

func ladderFiles(l storage.Ladder) []string {
	var names []string
	for _, r := range l.Rungs {
		if l.Adaptive {
			names = append(names, FragmentedName(r))
		}
		if r.Progressive {
			names = append(names, ProgressiveName(r))
		}
	}
	if l.Extras {
		names = append(names, StoryboardName, PreviewName)
	}
	return names
}

// LadderArgs are ffmpeg's arguments for a ladder from in to files in outDir. Every stream is
// encoded once. The tee muxer hands its packets to each file that wants them.
func LadderArgs(in, outDir string, p storage.Probe, l storage.Ladder, s storage.Storyboard) []string {
	options := outputOptions()
	options["format"] = "tee"
	graph, pictures := ladderGraph(p, l, s)
	if graph != "" {
		options["filter_complex"] = graph
	}
	options["map"] = pictures
	for i, r := range l.Rungs {
		encodeRung(options, i, r)
	}
	sound := ""
	switch {
	case l.NoAudio:
		options["an"] = ""
	default:
		options["map"] = append(pictures, "0:a:0")
		sound = ",a"
		if options["c:a"] = "copy"; !l.CopyAudio {
			encodeAudio(options, p.Audio, l.GainDB)
		}
	}
	var files []string
	for i, r := range l.Rungs {
		streams := fmt.Sprintf("v:%d%s", i, sound)
		if l.Adaptive {
			files = append(
				files,
				teeFile(streams, "+frag_keyframe+delay_moov+default_base_moof", path.Join(outDir, FragmentedName(r))),
			)
		}
		if r.Progressive {
			files = append(files, teeFile(streams, "+faststart", path.Join(outDir, ProgressiveName(r))))
		}
	}
	input := ffgo.Input(fileURL(in), inputOptions(p.Container))
	out := input.Output(strings.Join(files, "|"), options)
	if l.Extras {
		sheet := input.Output(fileURL(path.Join(outDir, StoryboardName)), jpegOptions("[sheet]", sheetQuality))
		preview := input.Output(fileURL(path.Join(outDir, PreviewName)), previewOptions("[preview]"))
		out = ffgo.MergeOutputs(out, sheet, preview)
	}
	return append(append(globalArgs(), progressArgs()...), out.GetArgs()...)
}

// teeFile is one file of the tee muxer. The muxer needs backslashes before its special characters.
func teeFile(streams, movflags, name string) string {
	escaped := strings.NewReplacer(`\`, `\\`, `'`, `\'`, `|`, `\|`, ` `, `\ `).Replace(fileURL(name))
	return fmt.Sprintf(`[select=\'%s\':f=mp4:movflags=%s]%s`, streams, movflags, escaped)
}

// ladderGraph scales once from the source, and then each rung from the one above. It returns the
// streams to map, one for each rung.
func ladderGraph(p storage.Probe, l storage.Ladder, s storage.Storyboard) (graph string, pictures []string) {
	var chains []string
	from, first := "[0:V:0]", true
	last := -1
	for i, r := range l.Rungs {
		if !r.Copy {
			last = i
		}
	}
	for i, r := range l.Rungs {
		if r.Copy {
			pictures = append(pictures, "0:V:0")
			continue
		}
		filters := rungFilters(p.Video, l, r, first)
		first = false
		out, next := fmt.Sprintf("[v%d]", i), fmt.Sprintf("[below%d]", i)
		pictures = append(pictures, out)
		switch {
		case i < last:
			chains = append(chains, from+filters+",split"+out+next)
		case l.Extras:
			at, length := previewSpan(p)
			// tone-mapped, rotated and of one size
			made := &storage.VideoStream{Width: p.Video.Width, Height: p.Video.Height, ColorSpace: "bt709"}
			chains = append(
				chains,
				from+filters+",split=3"+out+"[still][moving]",
				"[still]"+pulse+","+sheetFilters(s, "")+"[sheet]",
				"[moving]"+previewFilters(made, at, length)+"[preview]",
			)
		default:
			chains = append(chains, from+filters+out)
		}
		from = next
	}
	return strings.Join(chains, ";"), pictures
}

// pulse makes every frame that passes report its time on descriptor 3. ffmpeg's own reports begin
// when all outputs have begun, and the storyboard's sheet comes last.
const pulse = `metadata=mode=add:key=at:value=0,metadata=mode=print:file=pipe\\:3:direct=1`

// encodeRung sets the options of the i-th picture stream.
func encodeRung(options ffgo.KwArgs, i int, r storage.Rung) {
	set := func(name string, value any) { options[fmt.Sprintf("%s:v:%d", name, i)] = value }
	if r.Copy {
		set("c", "copy")
		return
	}
	set("c", "libx264")
	set("preset", "veryfast")
	set("crf", r.CRF)
	set("profile", "high")
	set("pix_fmt", "yuv420p")
	if set("threads", lowerThreads); i == 0 {
		set("threads", threads)
	}
	// Frame times are kept to the tick. The default time base is the guessed frame rate: a
	// recorder's uneven frames then jump, and frames that fall on the same step are dropped.
	set("fps_mode", "vfr")
	set("enc_time_base", "1:90000")
	// A key frame every two seconds of time, whatever the frame rate. Counted frames would drift if
	// the rate varies. -g is high so that it has no effect.
	set("force_key_frames", "expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+2))")
	set("g", 600)
	if r.MaxrateBPS > 0 {
		set("maxrate", r.MaxrateBPS)
		set("bufsize", 2*r.MaxrateBPS)
	}
	set("color_primaries", "bt709")
	set("color_trc", "bt709")
	set("colorspace", "bt709")
	set("color_range", "tv")
}
