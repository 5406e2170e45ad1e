package ffmpeg

import (
	"fmt"
	"maps"
	"math"
	"strconv"

	ffgo "github.com/u2takey/ffmpeg-go"

	"meanwhile/storage"
)

// The limits of every start of ffmpeg and ffprobe, set before its input.
const (
	maxPixels  = 36_000_000
	maxStreams = 32
	maxAlloc   = 512 << 20 // bytes, for one allocation
	// threads is fixed, so that a job's memory does not grow with the machine.
	threads = 4
)

// audioBitrate is AAC's bit rate for two channels. Speech has no use for more.
const audioBitrate = 128_000

// demuxers are the only ones that ffmpeg may use, one for each container.
var demuxers = map[storage.Container]string{
	storage.ContainerMP4:  "mov",
	storage.ContainerMKV:  "matroska",
	storage.ContainerWebM: "matroska",
	storage.ContainerAVI:  "avi",
}

// muxers write the containers that a copy may have.
var muxers = map[storage.Container]string{
	storage.ContainerMP4:  "mp4",
	storage.ContainerWebM: "webm",
}

// inputOptions forces the demuxer and lists what else may be used.
func inputOptions(c storage.Container) ffgo.KwArgs {
	return ffgo.KwArgs{
		"f":                  demuxers[c],
		"protocol_whitelist": "file",
		"format_whitelist":   demuxers[c],
		"codec_whitelist":    decoderList,
		"max_pixels":         maxPixels,
		"max_streams":        maxStreams,
		"threads":            threads,
	}
}

// outputOptions selects the first picture and sound stream and drops the file's own metadata.
func outputOptions() ffgo.KwArgs {
	return ffgo.KwArgs{
		"map":          []string{"0:V:0?", "0:a:0?"},
		"map_metadata": -1,
		"map_chapters": -1,
		"sn":           "",
		"dn":           "",
	}
}

// globalArgs come first on every command line of ffmpeg.
func globalArgs() []string {
	return []string{"-hide_banner", "-nostdin", "-loglevel", "error", "-max_alloc", strconv.Itoa(maxAlloc)}
}

// progressArgs ask for progress reports on descriptor 3.
func progressArgs() []string { return []string{"-progress", "pipe:3"} }

// fileURL names a path so that ffmpeg takes no part of it for a protocol or an option.
func fileURL(path string) string { return "file:" + path }

// CopyArgs are ffmpeg's arguments for a stream copy from in to out: a faststart MP4, or a WebM with
// its cues in front.
func CopyArgs(in, out string, p storage.Probe, c storage.Copy) []string {
	options := outputOptions()
	options["c"] = "copy"
	options["format"] = muxers[c.Container]
	if c.Container == storage.ContainerWebM {
		options["cues_to_front"] = 1
	} else {
		options["movflags"] = "+faststart"
		tagVideo(options, p.Video)
	}
	stream := ffgo.Input(fileURL(in), inputOptions(p.Container)).Output(fileURL(out), options)
	return append(append(globalArgs(), progressArgs()...), stream.GetArgs()...)
}

// tagVideo sets the sample entry that players want. Some refuse hev1 and avc3, whose parameter sets
// may come later, though this muxer writes them in front. A stream whose size changes really needs
// avc3.
func tagVideo(options ffgo.KwArgs, v *storage.VideoStream) {
	switch {
	case v == nil:
	case v.Codec == "hevc":
		options["tag:v"] = "hvc1"
	case v.Codec == "h264" && !v.ResolutionMoves:
		options["tag:v"] = "avc1"
	}
}

// encodeAudio fills gaps and a late start with silence: AAC frames are counted, not timed, and the
// sound would come earlier than the picture. A static gain comes after that. It neither pumps nor
// clips.
func encodeAudio(options ffgo.KwArgs, a *storage.AudioStream, gainDB float64) {
	channels := 2
	if a != nil && a.Channels == 1 {
		channels = 1
	}
	options["c:a"] = "aac"
	options["b:a"] = audioBitrate * channels / 2
	options["ac"] = channels
	options["ar"] = 48000
	options["af"] = wholeSound
	if gainDB != 0 {
		options["af"] = wholeSound + ",volume=" + decimal(gainDB) + "dB"
	}
	if channels == 1 {
		options["b:a"] = 96_000
	}
}

const wholeSound = "aresample=async=1:first_pts=0"

// posterWidth is the maximum width of a poster.
const posterWidth = 1280

// The quality of a JPEG: a lower number is better.
const (
	posterQuality = 4
	sheetQuality  = 5
)

// jpegOptions write one picture of a stream.
func jpegOptions(from string, quality int) ffgo.KwArgs {
	options := outputOptions()
	options["map"] = []string{from}
	options["an"] = ""
	options["format"] = "mjpeg"
	options["c:v"] = "mjpeg"
	options["q:v"] = quality
	options["frames:v"] = 1
	return options
}

// PosterArgs are ffmpeg's arguments for a JPEG of the best of ten key frames, or of the first frame
// that can be decoded.
func PosterArgs(in, out string, p storage.Probe, keyFrames bool) []string {
	options := jpegOptions("0:V:0", posterQuality)
	options["vf"] = posterFilters(p.Video, keyFrames)
	stream := ffgo.Input(fileURL(in), pictureInput(p, keyFrames)).Output(fileURL(out), options)
	return append(globalArgs(), stream.GetArgs()...)
}

// pictureInput returns the options of an input of which only key frames, or all frames, are
// decoded. More than one thread would run ahead and decode frames that nobody asked for.
func pictureInput(p storage.Probe, keyFrames bool) ffgo.KwArgs {
	input := inputOptions(p.Container)
	input["threads"] = 1
	if keyFrames {
		input["skip_frame"] = "nokey"
	}
	return input
}

// Ends is a file whose beginning and end must be decoded.
type Ends struct {
	In        string // as the sandbox shows it
	Container storage.Container
	Cut       bool // the file holds only its ends
	KeyFrames bool // leave out the frames between key frames
}

// decodedPart is how much of a beginning and of an end must decode.
const decodedPart = 1 // seconds: somebody waits until a copy is verified

// DecodeArgs are ffmpeg's arguments to decode the ends of files, discard the frames and stop at the
// first error. The files are our own and were probed before, so nothing is decoded to find their
// streams.
func DecodeArgs(files []Ends) []string {
	var streams []*ffgo.Stream
	for _, f := range files {
		whole := inputOptions(f.Container)
		// several files keep several cores busy, and a thread that runs ahead decodes frames that
		// nobody asked for
		whole["threads"] = 1
		whole["nofind_stream_info"] = ""
		if f.KeyFrames {
			whole["skip_frame"] = "nokey"
		} else {
			// the filter only makes the picture smoother: nothing in the file can make it fail
			whole["skip_loop_filter"] = "all"
		}
		parts := []ffgo.KwArgs{whole}
		if !f.Cut {
			last := maps.Clone(whole)
			last["sseof"] = -decodedPart
			if f.KeyFrames {
				last["noaccurate_seek"] = "" // the last key frame lies before what is asked for
			}
			whole["t"] = decodedPart
			parts = append(parts, last)
		}
		for _, part := range parts {
			in := ffgo.Input(fileURL(f.In), part)
			streams = append(streams, in.Get("V:0?"), in.Get("a:0?"))
		}
	}
	out := ffgo.Output(streams, "-", ffgo.KwArgs{"format": "null", "sn": "", "dn": ""})
	return append(append(globalArgs(), "-xerror"), out.GetArgs()...)
}

// ProbeArgs are ffprobe's arguments. It prints every packet's times, size and place, then the
// streams and the file, a line each. With headerOnly it leaves out the packets.
func ProbeArgs(in string, c storage.Container, headerOnly bool) []string {
	args := []string{"-hide_banner", "-loglevel", "error", "-max_alloc", strconv.Itoa(maxAlloc)}
	input := inputOptions(c)
	// ffprobe opens a decoder for every stream and stops at one that it may not open. Subtitles are
	// no reason to refuse a file.
	input["codec_whitelist"] = decoderList + "," + subtitleDecoders
	args = append(args, ffgo.ConvertKwargsToCmdLineArgs(input)...)
	entries := "format=nb_streams,duration,start_time" +
		":stream=index,codec_type,codec_name,profile,level,codec_tag_string," +
		"width,height,coded_width,coded_height,sample_aspect_ratio," +
		"pix_fmt,avg_frame_rate,duration,bit_rate,sample_rate,channels,color_transfer,color_primaries,color_space" +
		":stream_disposition=attached_pic:stream_side_data=rotation:stream_tags=rotate"
	if !headerOnly {
		entries += ":packet=stream_index,pts_time,dts_time,duration_time,size,pos,flags"
	}
	return append(args, "-show_entries", entries, "-of", "compact", "-i", fileURL(in))
}

// even rounds down to an even number, which 4:2:0 needs, and returns at least 2.
func even(n int) int { return max(2, n&^1) }

func decimal(f float64) string { return strconv.FormatFloat(math.Round(f*1000)/1000, 'f', -1, 64) }

func size(width, height int) string { return fmt.Sprintf("%d:%d", even(width), even(height)) }
