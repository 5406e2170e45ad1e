package ffmpeg

import "strings"

// codecs lists the codecs that may be decoded: ffmpeg's name of the codec, and the decoders that it
// may use for it, by the names that builds give them. Any other codec is refused before a decoder
// sees it.
var codecs = []struct {
	name     string
	decoders []string
}{
	{"h264", []string{"h264"}},
	{"hevc", []string{"hevc"}},
	{"vp8", []string{"vp8", "libvpx"}},
	{"vp9", []string{"vp9", "libvpx-vp9"}},
	{"av1", []string{"libdav1d", "libaom-av1", "av1"}},
	{"mpeg4", []string{"mpeg4"}},
	{"h263", []string{"h263"}},
	{"mpeg1video", []string{"mpeg1video"}},
	{"mpeg2video", []string{"mpeg2video"}},
	{"msmpeg4v2", []string{"msmpeg4v2"}},
	{"msmpeg4v3", []string{"msmpeg4"}},
	{"mjpeg", []string{"mjpeg"}},
	{"png", []string{"png"}},
	{"prores", []string{"prores"}},
	{"dnxhd", []string{"dnxhd"}},
	{"dvvideo", []string{"dvvideo"}},
	{"rawvideo", []string{"rawvideo"}},
	{"aac", []string{"aac"}},
	{"opus", []string{"opus", "libopus"}},
	{"vorbis", []string{"vorbis"}},
	{"mp3", []string{"mp3float", "mp3"}},
	{"mp2", []string{"mp2float", "mp2"}},
	{"ac3", []string{"ac3"}},
	{"eac3", []string{"eac3"}},
	{"alac", []string{"alac"}},
	{"flac", []string{"flac"}},
	{"amr_nb", []string{"amrnb", "libopencore_amrnb"}},
	{"amr_wb", []string{"amrwb", "libopencore_amrwb"}},
	{"adpcm_ima_qt", []string{"adpcm_ima_qt"}},
	{"adpcm_ima_wav", []string{"adpcm_ima_wav"}},
	{"adpcm_ms", []string{"adpcm_ms"}},
	{"pcm_u8", []string{"pcm_u8"}},
	{"pcm_s16le", []string{"pcm_s16le"}},
	{"pcm_s16be", []string{"pcm_s16be"}},
	{"pcm_s24le", []string{"pcm_s24le"}},
	{"pcm_s24be", []string{"pcm_s24be"}},
	{"pcm_s32le", []string{"pcm_s32le"}},
	{"pcm_f32le", []string{"pcm_f32le"}},
	{"pcm_alaw", []string{"pcm_alaw"}},
	{"pcm_mulaw", []string{"pcm_mulaw"}},
	{"wmav2", []string{"wmav2"}},
}

// decoderList is the value of -codec_whitelist.
var decoderList = func() string {
	var names []string
	for _, c := range codecs {
		names = append(names, c.decoders...)
	}
	return strings.Join(names, ",")
}()

func decodable(codec string) bool {
	for _, c := range codecs {
		if c.name == codec {
			return true
		}
	}
	return false
}

// subtitleDecoders may be opened by ffprobe. Nothing is decoded with them.
const subtitleDecoders = "ssa,ass,subrip,srt,mov_text,text,webvtt,dvdsub,dvbsub,pgssub,cc_dec"
