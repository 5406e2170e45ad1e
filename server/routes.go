package server

import "net/http"

// access says whose credentials a route reads. What they allow is the Library's to decide.
type access int

const (
	nobody  access = iota // none are read: anyone, and the answer is the same for all
	guest                 // a session or key if there is one; a session that has ended counts as none
	account               // a session or key
	upload                // a session or key, or the token of the upload in the address
)

// route is one row: the whole surface of the program stands in routes. name and about go to the OpenAPI document; pages have neither.
type route struct {
	method, path string
	access       access
	name, about  string
	handle       endpoint
}

func (s *server) routes() []route {
	const get, head, post, put, patch, del, options = http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions
	return []route{
		{get, "/api/v1/openapi.json", nobody, "get-openapi", "This document", raw(s.getOpenAPI)},

		{get, "/api/v1/session", account, "get-session", "Who is signed in", api(s.getSession, 200)},
		{post, "/api/v1/session", nobody, "log-in", "Sign in with a password; the answer sets the session cookie", api(s.logIn, 200)},
		{del, "/api/v1/session", guest, "log-out", "Sign out", api(s.logOut, 204)},
		{post, "/api/v1/log-in-links", nobody, "mail-log-in-link", "Have a link that signs in once mailed to somebody; the answer is the same for any address", api(s.mailLogInLink, 202)},
		{post, "/api/v1/passkey-log-in/begin", nobody, "begin-passkey-log-in", "Ask a browser for a passkey", api(s.beginPasskeyLogIn, 200)},
		{post, "/api/v1/passkey-log-in", nobody, "log-in-by-passkey", "Sign in with a passkey; the answer sets the session cookie", api(s.logInByPasskey, 200)},
		{get, "/api/v1/me/passkeys", account, "list-passkeys", "My passkeys, oldest first", api(s.listPasskeys, 200)},
		{post, "/api/v1/me/passkeys/begin", account, "begin-passkey", "Ask a browser for a new passkey", api(s.beginPasskey, 200)},
		{post, "/api/v1/me/passkeys", account, "add-passkey", "Keep a passkey that a browser has made", api(s.addPasskey, 201)},
		{del, "/api/v1/me/passkeys/{id}", account, "remove-passkey", "End a passkey", api(s.removePasskey, 204)},

		{get, "/api/v1/videos", account, "list-videos", "My videos, newest first", api(s.listVideos, 200)},
		{post, "/api/v1/videos", account, "create-video", "Begin a recording: the link exists before the first byte", api(s.createVideo, 201)},
		{get, "/api/v1/videos/{id}", account, "get-video", "One of my videos", api(s.getVideo, 200)},
		{patch, "/api/v1/videos/{id}", account, "rename-video", "Give a video another title, or its camera another place", api(s.renameVideo, 200)},
		{del, "/api/v1/videos/{id}", account, "trash-video", "Put a video into the trash", api(s.trashVideo, 204)},
		{post, "/api/v1/videos/{id}/restore", account, "restore-video", "Take a video out of the trash", api(s.restoreVideo, 200)},
		{post, "/api/v1/videos/{id}/reprocess", account, "reprocess-video", "Process the original again; what plays goes on playing", api(s.reprocessVideo, 202)},
		{post, "/api/v1/videos/{id}/upload-token", account, "renew-upload-token", "A new credential for the upload of a recording", api(s.renewUploadToken, 201)},
		{get, "/api/v1/videos/{id}/poster", account, "get-poster", "The picture of one of my videos", raw(s.videoPoster)},
		{get, "/api/v1/videos/{id}/preview", account, "get-preview", "A few moving seconds of one of my videos, without sound", raw(s.videoPreview)},
		{get, "/api/v1/videos/{id}/original", account, "get-original", "The file as it was uploaded", raw(s.videoOriginal)},
		{get, "/api/v1/events", account, "follow-videos", "Which of my videos to look at again, as server-sent events", stream(s.followVideos)},

		{get, "/api/v1/shares/{token}", guest, "get-share", "What a viewer may know", api(s.getShare, 200)},
		{get, "/api/v1/shares/{token}/comments", guest, "list-comments", "The conversation: by position, or what changed since", api(s.listComments, 200)},
		{post, "/api/v1/shares/{token}/comments", guest, "add-comment", "Say something", api(s.addComment, 201)},
		{patch, "/api/v1/shares/{token}/comments/{id}", guest, "edit-comment", "Change one's own comment", api(s.editComment, 200)},
		{del, "/api/v1/shares/{token}/comments/{id}", guest, "delete-comment", "Delete a comment and its replies", api(s.deleteComment, 204)},
		{get, "/api/v1/shares/{token}/events", guest, "follow-share", "What happens to a video, as server-sent events", stream(s.followShare)},

		{options, "/api/v1/files/", nobody, "tus-options", "What this tus server can do", tus(s.tusOptions)},
		{post, "/api/v1/files/", account, "tus-create", "Begin an upload (tus 1.0.0)", tus(s.tusCreate)},
		{options, "/api/v1/files/{id}", nobody, "tus-upload-options", "What this tus server can do", tus(s.tusOptions)},
		{head, "/api/v1/files/{id}", upload, "tus-offset", "Where an upload stands", tus(s.tusOffset)},
		{patch, "/api/v1/files/{id}", upload, "tus-append", "Send bytes", tus(s.tusAppend)},
		{del, "/api/v1/files/{id}", upload, "tus-cancel", "Give an upload up", tus(s.tusCancel)},

		{get, "/api/v1/uploads/{id}", upload, "get-upload", "What of a recording has arrived", api(s.recordingState, 200)},
		{del, "/api/v1/uploads/{id}", upload, "cancel-recording", "Give a recording up, and its link", api(s.cancelRecording, 204)},
		{put, "/api/v1/uploads/{id}/tracks/{track}/chunks/{n}", upload, "put-chunk", "Send one chunk of a recording", stream(s.putChunk)},
		{post, "/api/v1/uploads/{id}/heartbeat", upload, "heartbeat", "Say that a recording goes on", api(s.heartbeat, 200)},
		{post, "/api/v1/uploads/{id}/complete", upload, "complete-recording", "Every chunk was sent: compare, seal and process", api(s.completeRecording, 200)},

		{get, "/m/{grant}/{generation}/{name}", nobody, "get-media", "Media bytes, by the addresses that a share gives", raw(s.media)},
		{get, "/oembed", nobody, "get-oembed", "How to show a watch link inside another page (oEmbed 1.0)", api(s.getOEmbed, 200)},
		{get, "/healthz", nobody, "get-health", "200 while the program runs", raw(s.health)},
		{get, "/readyz", nobody, "get-readiness", "200, or 503 with what is missing", raw(s.readiness)},

		{get, "/assets/{path...}", nobody, "", "", raw(s.asset)},
		{get, "/", guest, "", "", page(s.home)},
		{get, "/record", guest, "", "", page(s.record)},
		{get, "/login", guest, "", "", page(s.logInForm)},
		{post, "/login", guest, "", "", page(s.logInPosted)},
		{post, "/login/link", guest, "", "", page(s.logInLinkPosted)},
		{get, "/oidc/start", guest, "", "", page(s.oidcStart)},
		{get, "/oidc/callback", guest, "", "", page(s.oidcCallback)},
		{post, "/logout", guest, "", "", page(s.logOutPosted)},
		{get, "/setup/{token}", guest, "", "", page(s.setUpForm)},
		{post, "/setup/{token}", guest, "", "", page(s.setUpPosted)},
		{get, "/enter/{secret}", guest, "", "", page(s.enterForm)},
		{post, "/enter/{secret}", guest, "", "", page(s.enterPosted)},
		{get, "/signup", guest, "", "", page(s.signUpForm)},
		{post, "/signup", guest, "", "", page(s.signUpPosted)},
		{get, "/v/{token}", guest, "", "", page(s.watch)},
		{get, "/embed/{token}", nobody, "", "", page(s.embed)},
		{get, "/v/{token}/poster.jpg", guest, "", "", raw(s.sharePoster)},
		{get, "/v/{token}/video.mp4", guest, "", "", raw(s.shareFile)},
		{get, "/v/{token}/download", guest, "", "", page(s.shareDownload)},
	}
}
