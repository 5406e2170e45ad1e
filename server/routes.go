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
		{post, "/api/v1/log-in-links", nobody, "mail-log-in-link", "Have a link mailed that signs in once; the answer is the same for any address", api(s.mailLogInLink, 202)},
		{del, "/api/v1/session", guest, "log-out", "Sign out", api(s.logOut, 204)},
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
		{get, "/api/v1/videos/{id}/shares", account, "list-links", "The links of one of my videos, with their rules", api(s.listLinks, 200)},
		{post, "/api/v1/videos/{id}/shares", account, "add-link", "Make another link", api(s.addLink, 201)},
		{patch, "/api/v1/videos/{id}/shares/{share}", account, "change-link", "Change a link's rules; they hold within 10 s", api(s.changeLink, 200)},
		{del, "/api/v1/videos/{id}/shares/{share}", account, "revoke-link", "End a link for good", api(s.revokeLink, 204)},
		{post, "/api/v1/videos/{id}/shares/{share}/ways-in", account, "make-way-in", "A way in for somebody whom a link names, to hand on", api(s.makeWayIn, 201)},
		{get, "/api/v1/videos/{id}/poster", account, "get-poster", "The picture of one of my videos", raw(s.videoPoster)},
		{get, "/api/v1/videos/{id}/preview", account, "get-preview", "A few moving seconds of one of my videos, without sound", raw(s.videoPreview)},
		{get, "/api/v1/videos/{id}/original", account, "get-original", "The file as it was uploaded", raw(s.videoOriginal)},
		{get, "/api/v1/events", account, "follow-videos", "Which of my videos to look at again, as server-sent events", stream(s.followVideos)},

		{del, "/api/v1/videos/{id}/forever", account, "delete-video", "Delete a video in the trash for good", api(s.deleteForever, 204)},

		{del, "/api/v1/me", account, "delete-account", "Have one's account deleted, 14 days from now; sessions only", api(s.deleteMe, 200)},
		{get, "/api/v1/me/export", account, "export-mine", "Everything of mine, as a ZIP archive", stream(s.exportMe)},
		{get, "/api/v1/workspace/export", account, "export-workspace", "Everything of the workspace, as a ZIP archive; for owners and admins", stream(s.exportWorkspace)},
		{get, "/api/v1/workspace/audit", account, "list-audit", "Who changed what people may do, newest first; for owners", api(s.auditLog, 200)},
		{get, "/api/v1/workspace/audit.csv", account, "export-audit", "The same, all of it, as CSV", stream(s.auditCSV)},
		{post, "/api/v1/me/restore", account, "restore-account", "Keep an account that was to be deleted; sessions only", api(s.restoreMe, 204)},

		{get, "/api/v1/shares/{token}", guest, "get-share", "What a viewer may know", api(s.getShare, 200)},
		{get, "/api/v1/shares/{token}/comments", guest, "list-comments", "The conversation: by position, or what changed since", api(s.listComments, 200)},
		{post, "/api/v1/shares/{token}/comments", guest, "add-comment", "Say something", api(s.addComment, 201)},
		{get, "/api/v1/shares/{token}/comments/{id}", guest, "get-comment", "One comment; while it waits for approval, for who wrote it and who may approve it", api(s.getComment, 200)},
		{patch, "/api/v1/shares/{token}/comments/{id}", guest, "edit-comment", "Change one's own comment", api(s.editComment, 200)},
		{del, "/api/v1/shares/{token}/comments/{id}", guest, "delete-comment", "Delete a comment and its replies", api(s.deleteComment, 204)},
		{post, "/api/v1/shares/{token}/password", guest, "give-password", "Open a link that asks for a password", api(s.giveSharePassword, 200)},
		{post, "/api/v1/shares/{token}/mail", guest, "ask-way-in", "Have a way in mailed to somebody whom a link names; the answer is the same for any address", api(s.askShareMail, 202)},
		{post, "/api/v1/shares/{token}/opened", guest, "count-open", "Count that somebody opened the page", api(s.countOpen, 204)},
		{get, "/api/v1/shares/{token}/events", guest, "follow-share", "What happens to a video, as server-sent events", stream(s.followShare)},

		{get, "/api/v1/comments/held", account, "list-held", "Comments that wait for my approval", api(s.listHeld, 200)},
		{post, "/api/v1/comments/delete", account, "delete-comments", "Delete several comments under my videos", api(s.deleteComments, 200)},
		{post, "/api/v1/comments/{id}/approve", account, "approve-comment", "Let everybody see a comment", api(s.approveComment, 204)},
		{post, "/api/v1/comments/{id}/block", account, "block-guest", "Keep a guest from commenting, and delete what they wrote", api(s.blockGuest, 204)},

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

		{get, "/api/v1/me", account, "get-me", "My account and my workspaces", api(s.getMe, 200)},
		{patch, "/api/v1/me", account, "update-me", "Change my name, time zone or language", api(s.updateMe, 200)},
		{put, "/api/v1/me/picture", account, "set-picture", "Give myself another picture", raw(s.setPicture)},
		{del, "/api/v1/me/picture", account, "delete-picture", "Take my picture away", api(s.deletePicture, 204)},
		{put, "/api/v1/me/password", account, "change-password", "Set another password; all sessions end, and the answer begins a new one", api(s.changePassword, 204)},
		{post, "/api/v1/me/workspace", account, "switch-workspace", "Make this session work in another of my workspaces", api(s.switchWorkspace, 204)},
		{get, "/api/v1/me/sessions", account, "list-sessions", "Where I am signed in", api(s.listSessions, 200)},
		{del, "/api/v1/me/sessions", account, "end-sessions", "Sign out everywhere but here", api(s.endSessions, 204)},
		{del, "/api/v1/me/sessions/{id}", account, "end-session", "Sign one browser out", api(s.endSession, 204)},
		{get, "/api/v1/me/keys", account, "list-keys", "My API keys of this workspace", api(s.listKeys, 200)},
		{post, "/api/v1/me/keys", account, "make-key", "Make an API key for this workspace", api(s.makeKey, 201)},
		{del, "/api/v1/me/keys/{id}", account, "delete-key", "End an API key", api(s.deleteKey, 204)},
		{get, "/api/v1/people/{id}/picture", account, "get-picture", "The picture of somebody in my workspace", raw(s.picture)},

		{post, "/api/v1/workspaces", account, "make-workspace", "Make a workspace and go there", api(s.makeWorkspace, 201)},
		{get, "/api/v1/workspace", account, "get-workspace", "This workspace and its settings", api(s.getWorkspace, 200)},
		{patch, "/api/v1/workspace", account, "update-workspace", "Change name and settings", api(s.updateWorkspace, 200)},
		{get, "/api/v1/workspace/members", account, "list-members", "Who is in this workspace", api(s.listMembers, 200)},
		{patch, "/api/v1/workspace/members/{id}", account, "change-role", "Make somebody owner, admin or member; they sign in again", api(s.changeRole, 204)},
		{del, "/api/v1/workspace/members/{id}", account, "remove-member", "Remove somebody, or leave; their videos stay", api(s.removeMember, 204)},
		{post, "/api/v1/workspace/members/{id}/log-in-link", account, "make-log-in-link", "A link that signs somebody in once who has no other way in", api(s.makeLogInLink, 201)},
		{post, "/api/v1/workspace/owner", account, "hand-over", "Make somebody the owner in my place; I become an admin, and sign in anew", api(s.handOver, 204)},
		{get, "/api/v1/workspace/invites", account, "list-invites", "Open invites, and who asks to join", api(s.listInvites, 200)},
		{post, "/api/v1/workspace/invites", account, "make-invite", "Invite one person by link, and by mail where an address is given", api(s.makeInvite, 201)},
		{del, "/api/v1/workspace/invites/{id}", account, "revoke-invite", "Take an invite back", api(s.revokeInvite, 204)},
		{post, "/api/v1/workspace/invites/{id}/link", account, "renew-invite", "Another link for an invite, or the first one for who asks to join; the one before ends", api(s.renewInvite, 201)},

		{get, "/m/{grant}/{generation}/{name}", nobody, "get-media", "Media bytes, by the addresses that a share gives", raw(s.media)},
		{get, "/oembed", nobody, "get-oembed", "How to show a watch link inside another page (oEmbed 1.0)", api(s.getOEmbed, 200)},
		{get, "/healthz", nobody, "get-health", "200 while the program runs", raw(s.health)},
		{get, "/readyz", nobody, "get-readiness", "200, or 503 with what is missing", raw(s.readiness)},

		{get, "/assets/{path...}", nobody, "", "", raw(s.asset)},
		{get, "/", guest, "", "", page(s.home)},
		{get, "/record", guest, "", "", page(s.record)},
		{get, "/settings", guest, "", "", page(s.settings)},
		{get, "/settings/{tab}", guest, "", "", page(s.settings)},
		{get, "/login", guest, "", "", page(s.logInForm)},
		{post, "/login", guest, "", "", page(s.logInPosted)},
		{post, "/login/mail", guest, "", "", page(s.logInMailPosted)},
		{get, "/oidc/start", guest, "", "", page(s.oidcStart)},
		{get, "/oidc/callback", guest, "", "", page(s.oidcCallback)},
		{post, "/logout", guest, "", "", page(s.logOutPosted)},
		{get, "/leaving", guest, "", "", page(s.leavingForm)},
		{post, "/leaving", guest, "", "", page(s.leavingPosted)},
		{get, "/setup/{token}", guest, "", "", page(s.setUpForm)},
		{post, "/setup/{token}", guest, "", "", page(s.setUpPosted)},
		{get, "/checks", guest, "", "", page(s.checksShown)},
		{get, "/enter/{secret}", guest, "", "", page(s.enterForm)},
		{post, "/enter/{secret}", guest, "", "", page(s.enterPosted)},
		{get, "/invite/{secret}", guest, "", "", page(s.inviteForm)},
		{post, "/invite/{secret}", guest, "", "", page(s.invitePosted)},
		{get, "/signup", guest, "", "", page(s.signUpForm)},
		{post, "/signup", guest, "", "", page(s.signUpPosted)},
		{get, "/v/{token}", guest, "", "", page(s.watch)},
		{post, "/v/{token}", guest, "", "", page(s.gatePosted)},
		{get, "/pass/{secret}", guest, "", "", page(s.wayInForm)},
		{post, "/pass/{secret}", guest, "", "", page(s.wayInPosted)},
		{get, "/embed/{token}", nobody, "", "", page(s.embed)},
		{get, "/v/{token}/poster.jpg", guest, "", "", raw(s.sharePoster)},
		{get, "/v/{token}/video.mp4", guest, "", "", raw(s.shareFile)},
		{get, "/v/{token}/download", guest, "", "", page(s.shareDownload)},
	}
}
