package server

import (
	"net/http"
	"reflect"
)

// rawRoute describes a route that huma does not read. It adds to the OpenAPI document what the
// table does not have.
type rawRoute struct {
	query []header
	takes []header
	body  string // media type
	gives map[int]answer
}

type header struct {
	name, about string
	needed      bool
}

type answer struct {
	about   string
	media   []string     // of a byte body
	json    reflect.Type // of a JSON body
	headers []header
}

var (
	tusResumable = header{"Tus-Resumable", "1.0.0", true}
	tusChecksum  = header{
		"Upload-Checksum",
		"sha1, sha256 or md5, a space, and the checksum of this body in Base64; 460 on a mismatch",
		false,
	}
	tusOffset  = header{"Upload-Offset", "Bytes that are kept", true}
	tusExpires = header{"Upload-Expires", "When the upload ends if no more bytes arrive", false}
	tusCan     = answer{about: "What this server can do", headers: []header{
		{
			"Tus-Version",
			"",
			true,
		},
		{"Tus-Extension", "", true},
		{"Tus-Max-Size", "Bytes", true},
		{"Tus-Checksum-Algorithm", "", true},
	}}
	bytesRange = header{"Range", "One range; several get the whole file", false}
	bytesOf    = func(media ...string) map[int]answer {
		return map[int]answer{
			http.StatusOK: {
				about: "The whole file",
				media: media,
			},
			http.StatusPartialContent: {about: "The range", media: media},
			http.StatusNotModified:    {about: "The client's copy is up to date"},
		}
	}
	followed = "The links to follow, at most 20 tokens with commas between, and \"me\" for my own videos, which are " +
		"all that is followed without it. Each event names its link as \"share\": \"video\" and \"comment\" have " +
		"the same as the stream of one link, \"video\" of \"me\" has the id of a video to fetch again, and \"gone\" " +
		"says that the link shows nothing to this reader, now or any more"
	archived = map[int]answer{
		http.StatusOK: {
			about: "index.html and a folder for each video. One at a time per person; cut off if it cannot be " +
				"completed",
			media: []string{"application/zip"},
		},
	}
	streamed = map[int]answer{
		http.StatusOK: {
			about: "Events until the client disconnects. Each gives the whole state: a reconnection loses nothing",
			media: []string{"text/event-stream"},
		},
	}
)

// rawRoutes are keyed by the name in the table of routes.
var rawRoutes = map[string]rawRoute{
	"get-openapi": {
		gives: map[int]answer{http.StatusOK: {about: "OpenAPI 3.1", json: reflect.TypeFor[map[string]any]()}},
	},
	"get-health": {gives: map[int]answer{http.StatusOK: {about: "Running", json: reflect.TypeFor[wireHealth]()}}},
	"get-readiness": {
		gives: map[int]answer{
			http.StatusOK:                 {about: "Ready", json: reflect.TypeFor[wireHealth]()},
			http.StatusServiceUnavailable: {about: "Something is missing", json: reflect.TypeFor[wireHealth]()},
		},
	},
	"get-poster":       {takes: []header{bytesRange}, gives: bytesOf("image/jpeg")},
	"get-preview":      {takes: []header{bytesRange}, gives: bytesOf("video/mp4")},
	"get-original":     {takes: []header{bytesRange}, gives: bytesOf("application/octet-stream")},
	"get-media":        {takes: []header{bytesRange}, gives: mediaAnswers()},
	"export-mine":      {gives: archived},
	"export-workspace": {gives: archived},
	"export-audit": {
		gives: map[int]answer{http.StatusOK: {about: "One line per entry, with a header", media: []string{"text/csv"}}},
	},
	"get-picture": {
		gives: map[int]answer{
			http.StatusOK:          {about: "256 pixels wide and high", media: []string{"image/jpeg", "image/png"}},
			http.StatusNotModified: {about: "The client's copy is up to date"},
		},
	},
	"set-picture": {
		body:  "image/*",
		gives: map[int]answer{http.StatusNoContent: {about: "Saved: its middle, 256 pixels wide and high"}},
	},
	"follow-videos": {query: []header{{"shares", followed, false}}, gives: streamed},
	"follow-share":  {gives: streamed},
	"tus-options": {
		gives: map[int]answer{http.StatusNoContent: tusCan},
	},
	"tus-upload-options": {gives: map[int]answer{http.StatusNoContent: tusCan}},
	"tus-create": {
		takes: []header{
			tusResumable,
			{"Upload-Length", "Bytes of the whole file", false},
			{"Upload-Defer-Length", "1 while the length is not known", false},
			{
				"Upload-Metadata",
				"filename and title, each a space and the text in Base64, with a comma between",
				false,
			},
			tusChecksum,
		},
		body: tusType,
		gives: map[int]answer{http.StatusCreated: {about: "The upload and its link exist now", headers: []header{
			{
				"Location",
				"Where to send its bytes",
				true,
			},
			{"Meanwhile-Video-Id", "", true},
			{"Meanwhile-Watch-Url", "", true},
			{"Meanwhile-Upload-Token", "Opens this upload and nothing else; shown once", true},
			tusExpires,
			{"Upload-Offset", "How many bytes of this body are stored, if it had any", false},
		}}},
	},
	"tus-offset": {
		takes: []header{tusResumable},
		gives: map[int]answer{http.StatusOK: {about: "How much has arrived", headers: []header{
			tusOffset,
			{"Upload-Length", "", false},
			{"Upload-Defer-Length", "", false},
			{"Upload-Metadata", "", false},
			tusExpires,
		}}},
	},
	"tus-append": {
		takes: []header{
			tusResumable,
			{"Upload-Offset", "Where this body begins", true},
			{"Upload-Length", "If it was deferred", false},
			tusChecksum,
		},
		body:  tusType,
		gives: map[int]answer{http.StatusNoContent: {about: "Kept", headers: []header{tusOffset, tusExpires}}},
	},
	"put-chunk": {
		takes: []header{{"Content-Digest", "sha-256 of the body (RFC 9530); 422 on a mismatch", true}},
		body:  "application/octet-stream",
		gives: map[int]answer{
			http.StatusCreated: {about: "Kept", headers: []header{{"Content-Digest", "Of the stored bytes", true}}},
			http.StatusOK: {
				about:   "The same bytes are stored already",
				headers: []header{{"Content-Digest", "Of the stored bytes", true}},
			},
		},
	},
	"tus-cancel": {
		takes: []header{tusResumable},
		gives: map[int]answer{http.StatusNoContent: {about: "Cancelled; its video is in the trash"}},
	},
}

// wirePeaks is the waveform of a video's sound.
type wirePeaks struct {
	Version    int   `json:"version" enum:"1"`
	IntervalMS int64 `json:"interval_ms" doc:"The time that one value covers"`
	Peaks      []int `json:"peaks" nullable:"false" doc:"The loudest in each interval, 0 to 100; 1,000 values at most"`
}

// mediaAnswers are the responses of the route that serves all assets of a video.
func mediaAnswers() map[int]answer {
	all := bytesOf("video/mp4", "video/webm", "image/jpeg", "application/vnd.apple.mpegurl", "text/vtt")
	whole := all[http.StatusOK]
	whole.json = reflect.TypeFor[wirePeaks]()
	all[http.StatusOK] = whole
	all[http.StatusFound] = answer{
		about: "Where the bytes are, for a minute; only if the operator lets the object storage serve browsers",
		headers: []header{
			{"Location", "A signed address that needs no other credentials", true},
		},
	}
	return all
}
