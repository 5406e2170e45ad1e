package storage

import (
	"context"
	"io"
	"iter"
	"time"
)

// Store remembers rows. It is composed of small stores and never checks rights. Every method may
// answer Unavailable when the database is away, and NotFound, Conflict or Fenced where its comment
// says so. Times have millisecond precision, in UTC.
type Store interface {
	AccountStore
	VideoStore
	UploadStore
	RecordingStore
	LinkStore
	CommentStore
	StageStore
	AssetStore
	AuditStore
	PeopleStore
	SignInStore
	LinkRuleStore
	RetentionStore

	// InTx runs fn in one transaction: all of its writes become durable together when fn returns
	// nil, none when it returns an error, which InTx hands back unchanged. fn may run again from
	// the start: outside the store it only sets, never appends. Inside fn only the Store it is
	// given may be used. Nested calls join the outer transaction.
	InTx(ctx context.Context, fn func(Store) error) error
	// Ping answers whether the database can be reached and written.
	Ping(ctx context.Context) error
}

// AccountStore remembers people and their credentials. Hashes are SecretHash of random secrets, or
// Hasher's of passwords.
type AccountStore interface {
	CreateWorkspace(ctx context.Context, w Workspace) error
	// CreateUser adds a user and the membership. Conflict if the mail address (compared in lower
	// case) is taken.
	CreateUser(ctx context.Context, u User, m Membership) error
	CountUsers(ctx context.Context) (int, error)
	// FirstWorkspace is the oldest workspace. NotFound before set-up.
	FirstWorkspace(ctx context.Context) (Workspace, error)
	// IdentityByEmail and IdentityByUser join the user with the oldest membership, if there is one.
	// NotFound.
	IdentityByEmail(ctx context.Context, email string) (Identity, error)
	IdentityByUser(ctx context.Context, id UserID) (Identity, error)
	// SetPassword replaces the password hash. NotFound.
	SetPassword(ctx context.Context, id UserID, hash string) error

	CreateSession(ctx context.Context, s Session) error
	// SessionByHash gives the session and whose it is, in the session's workspace; in the oldest
	// one, if any, when they are not in that any more. NotFound if absent; the caller looks at
	// ExpiresAt.
	SessionByHash(ctx context.Context, hash string) (Session, Identity, error)
	TouchSession(ctx context.Context, hash string, at time.Time) error
	DeleteSession(ctx context.Context, hash string) error

	CreateAPIKey(ctx context.Context, k APIKey) error
	// APIKeyByHash gives the key and whose it is, in the key's workspace or, when they are not in
	// that any more, in none. NotFound if absent; the caller looks at ExpiresAt.
	APIKeyByHash(ctx context.Context, hash string) (APIKey, Identity, error)
	TouchAPIKey(ctx context.Context, id APIKeyID, at time.Time) error

	CreateLoginLink(ctx context.Context, l LoginLink) error
	// LoginLinkByHash reads a link without using it. NotFound.
	LoginLinkByHash(ctx context.Context, hash string) (LoginLink, error)
	// UseLoginLink marks the link as used, once. NotFound if absent, used already, or expired at
	// now.
	UseLoginLink(ctx context.Context, hash string, now time.Time) (UserID, error)
}

// VideoStore remembers videos.
type VideoStore interface {
	CreateVideo(ctx context.Context, v Video) error
	// VideoByID finds a video, in the trash or not. NotFound.
	VideoByID(ctx context.Context, id VideoID) (Video, error)
	// VideoSummary is VideoByID with what a list shows beside it. NotFound.
	VideoSummary(ctx context.Context, id VideoID) (VideoSummary, error)
	// ListVideos gives q.Limit rows at most, newest first, by one query.
	ListVideos(ctx context.Context, q VideoQuery) ([]VideoSummary, error)
	SetVideoTitle(ctx context.Context, id VideoID, title string, at time.Time) error
	// SetVideoTrashed puts the video into the trash, or takes it out (nil).
	SetVideoTrashed(ctx context.Context, id VideoID, at *time.Time) error
	// SetVideoState moves from one of the states in from to to, with the failure's sentence (empty
	// unless failed). Conflict when the video is in another state, NotFound when it is not there.
	SetVideoState(ctx context.Context, id VideoID, from []State, to State, failure string, at time.Time) error
	SetVideoMedia(ctx context.Context, id VideoID, duration time.Duration, width, height int, at time.Time) error
	// StartGeneration raises the generation by one and returns it.
	StartGeneration(ctx context.Context, id VideoID, at time.Time) (int, error)
	// PublishGeneration makes the assets of that generation what viewers read. It never goes back
	// to a lower one.
	PublishGeneration(ctx context.Context, id VideoID, generation int, at time.Time) error
}

// UploadStore remembers uploads and their parts.
type UploadStore interface {
	CreateUpload(ctx context.Context, u Upload) error
	// UploadByID and UploadByVideo (the newest one): NotFound.
	UploadByID(ctx context.Context, id UploadID) (Upload, error)
	UploadByVideo(ctx context.Context, id VideoID) (Upload, error)
	// TakeUpload raises the holder counter and returns the row with it: whoever held it before can
	// append no more. NotFound.
	TakeUpload(ctx context.Context, id UploadID) (Upload, error)
	// LeaveUpload says that holder writes no more. It changes nothing when somebody else took the
	// upload over.
	LeaveUpload(ctx context.Context, id UploadID, holder int64) error
	// AppendParts adds parts that begin at the upload's offset and moves the offset on. Fenced when
	// holder is no longer the row's; Conflict when the first part's offset is not the row's, or the
	// upload is sealed or terminated.
	AppendParts(ctx context.Context, id UploadID, holder int64, parts []Part, expiresAt time.Time) error
	// SetLength fixes a deferred length. Conflict if another one is set.
	SetUploadLength(ctx context.Context, id UploadID, lengthBytes int64) error
	// SealUpload marks the upload as complete. Conflict if it is sealed or terminated.
	SealUpload(ctx context.Context, id UploadID, at time.Time) error
	// TerminateUpload marks the upload as given up; its parts stay until they are collected.
	TerminateUpload(ctx context.Context, id UploadID, at time.Time) error
	// Parts lists the parts of a track in order.
	Parts(ctx context.Context, id UploadID, track string) ([]Part, error)
}

// RecordingStore remembers what a browser records, beside its upload.
type RecordingStore interface {
	CreateRecording(ctx context.Context, r Recording) error
	// NameCreation keeps what an account calls the request that made a video, and forgets all that
	// is older than forget. Conflict when the account has a request of that name.
	NameCreation(ctx context.Context, c Creation, forget time.Time) error
	// CreationByKey finds the video that an account's request of that name made since then.
	// NotFound.
	CreationByKey(ctx context.Context, id UserID, keyHash string, since time.Time) (VideoID, error)
	// RecordingByUpload: NotFound for an upload that is a file's.
	RecordingByUpload(ctx context.Context, id UploadID) (Recording, error)
	// Hear writes State, StartedAt, Pauses, CameraOffsetMS and HeardAt, and moves the
	// upload's expiry. NotFound.
	HearRecording(ctx context.Context, r Recording, expiresAt time.Time) error
	// AddChunk stores a chunk's row, and its track's where it is the first, and moves HeardAt and
	// the expiry; or it gives the row that is there already (created false). Conflict when the
	// upload was given up, or was sealed by its client.
	AddChunk(
		ctx context.Context,
		id UploadID,
		c Chunk,
		mediaType string,
		heardAt, expiresAt time.Time,
	) (stored Chunk, created bool, err error)
	// ChunkByNumber: NotFound.
	ChunkByNumber(ctx context.Context, id UploadID, track string, n int) (Chunk, error)
	// Chunks lists a track's chunks in order, with gaps where there are gaps.
	Chunks(ctx context.Context, id UploadID, track string) ([]Chunk, error)
	// TrackEnd is how many of a track's chunks are there without a gap, from the first one, and how
	// many bytes they have.
	TrackEnd(ctx context.Context, id UploadID, track string) (chunks int, bytes int64, err error)
	// ChunksAt lists the chunks without a gap from the one that holds the byte at offset, at most
	// limit: none behind their end. It costs the same wherever that is.
	ChunksAt(ctx context.Context, id UploadID, track string, offset int64, limit int) ([]Part, error)
	// Tracks lists the tracks that have a chunk, by name.
	Tracks(ctx context.Context, id UploadID) ([]Track, error)
	// IndexTrack writes what was indexed since from, and adds the fragments behind those that are
	// there. Conflict when somebody else has indexed from there already.
	IndexTrack(ctx context.Context, from int64, t Track, fragments []Fragment) error
	// AddSound adds a piece of a track's sound. Conflict if there is one of that number.
	AddSound(ctx context.Context, s SoundPiece) error
	// Sounds lists the pieces of a track's sound in order, but for the first ones, as many as from
	// says.
	Sounds(ctx context.Context, id UploadID, track string, from int) ([]SoundPiece, error)
	// Fragments lists a track's fragments in order, but for the first ones, as many as from says.
	Fragments(ctx context.Context, id UploadID, track string, from int) ([]Fragment, error)
	// SealRecording seals the upload, again if need be, and notes of how many chunks. Conflict if
	// it was given up.
	SealRecording(ctx context.Context, id UploadID, at time.Time, chunks int, recovered bool) error
	// SaveLayout keeps where the camera's bubble is shown, replacing an earlier layout.
	SaveLayout(ctx context.Context, id VideoID, layout Layout) error
	// LayoutOf: NotFound where nobody has set one.
	LayoutOf(ctx context.Context, id VideoID) (Layout, error)
	// SilentRecordings lists recordings that were last heard of before then and have chunks that
	// are not sealed, oldest first.
	SilentRecordings(ctx context.Context, before time.Time, limit int) ([]UploadID, error)
}

// LinkStore remembers links.
type LinkStore interface {
	CreateLink(ctx context.Context, s Link) error
	// LinkByToken finds a link, ended or not. NotFound.
	LinkByToken(ctx context.Context, token string) (Link, error)
	// VideoByToken is LinkByToken and VideoByID in one: where everything that a link opens begins.
	// NotFound.
	VideoByToken(ctx context.Context, token string) (Video, Link, error)
	LinkByID(ctx context.Context, id LinkID) (Link, error)
	// LinkByVideo is the video's oldest link. NotFound.
	LinkByVideo(ctx context.Context, id VideoID) (Link, error)
	// UpdateLink writes all but ID, VideoID, Token, Epoch and CreatedAt, and raises Epoch by one.
	// NotFound.
	UpdateLink(ctx context.Context, s Link) error
}

// CommentStore remembers the conversation. Every write takes the video's next sequence number in
// the same transaction, so that a reader who has seen sequence n asks for what came after it and
// misses nothing.
type CommentStore interface {
	// CreateComment stores c and returns it with Seq set.
	CreateComment(ctx context.Context, c Comment) (Comment, error)
	// CommentByID finds a comment that is not deleted. NotFound.
	CommentByID(ctx context.Context, id CommentID) (Comment, error)
	// UpdateComment writes Body, At, Until and EditedAt; replies follow a moved thread. NotFound.
	UpdateComment(ctx context.Context, c Comment) (Comment, error)
	// Delete marks the comment and its replies as deleted and empties their text. It returns
	// the new sequence number. NotFound.
	DeleteComment(ctx context.Context, id CommentID, at time.Time) (int64, error)
	// ListComments gives live comments, threads by position, replies behind their comment by age:
	// one query, at most q.Limit rows.
	ListComments(ctx context.Context, q CommentQuery) ([]Comment, error)
	// Since gives what was made, edited or deleted after seq, by seq.
	CommentsSince(ctx context.Context, id VideoID, seq int64, limit int) ([]Comment, error)
	// CommentSeq is the video's latest sequence number and how many live comments there are.
	CommentSeq(ctx context.Context, id VideoID) (seq int64, count int, err error)
}

// StageStore remembers work: the outbox, the leases and the attempts in one table. Lease times go
// by the database's clock.
type StageStore interface {
	CreateStage(ctx context.Context, s Stage) error
	StageByID(ctx context.Context, id StageID) (Stage, error)
	// StagesByVideo lists the stages of one generation, oldest first.
	StagesByVideo(ctx context.Context, id VideoID, generation int) ([]Stage, error)
	// Claim takes the lease of a stage that is due or whose lease ran out: raises Attempt and
	// Fence, sets the owner. Conflict when somebody holds it, when it is not due yet, or when it
	// has ended.
	ClaimStage(ctx context.Context, id StageID, owner string, lease time.Duration) (Stage, error)
	// HoldStage renews the lease, if fence is still the row's; else Fenced. As the first statement
	// of a transaction it fences all of it.
	HoldStage(ctx context.Context, id StageID, fence int64, lease time.Duration) error
	// SetStageProgress writes 0…1. Fenced.
	SetStageProgress(ctx context.Context, id StageID, fence int64, progress float64) error
	// EndStage ends the stage as done or failed, with a sentence for people. Fenced.
	EndStage(ctx context.Context, id StageID, fence int64, state StageState, message string) error
	// RequeueStage gives the lease back and makes the stage due again after wait. refund takes the
	// attempt back (a clean hand-over). Fenced.
	RequeueStage(ctx context.Context, id StageID, fence int64, wait time.Duration, refund bool) error
	// DueStages lists stages to send: due and never sent, due and sent longer than resend ago, or
	// with a lease that ran out.
	DueStages(ctx context.Context, resend time.Duration, limit int) ([]Stage, error)
	// MarkStageSent counts one more sending.
	MarkStageSent(ctx context.Context, id StageID) error
	// RenewStage makes the stage of a step due again after wait, whatever it was, with all its
	// attempts; who holds it is fenced. NotFound.
	RenewStage(ctx context.Context, id VideoID, generation int, step Step, wait time.Duration) (Stage, error)
	// WakeStage adds the stage, or makes the one of its step due again at once when it has ended;
	// one that is running goes on. It gives the row as it is then, locked until the transaction
	// ends.
	WakeStage(ctx context.Context, s Stage) (Stage, error)
	// FreeLeases makes every running stage of owner due at once and returns how many there were.
	// Attempts stay raised.
	FreeLeases(ctx context.Context, owner string) (int, error)
	// CancelStages ends as failed, and so fences, every unfinished stage of the video but those of
	// generation 0, which look at what arrives.
	CancelStages(ctx context.Context, id VideoID) error
}

// AssetStore remembers what was derived from a source.
type AssetStore interface {
	// CreateAsset adds a derived object's row. Conflict if the video's generation has one of that
	// name.
	CreateAsset(ctx context.Context, a Asset) error
	// AssetsByVideo lists a generation's assets, oldest first.
	AssetsByVideo(ctx context.Context, id VideoID, generation int) ([]Asset, error)
	// AssetByName: NotFound.
	AssetByName(ctx context.Context, id VideoID, generation int, name string) (Asset, error)
	// SaveProbe keeps the probe of a generation, replacing an earlier one.
	SaveProbe(ctx context.Context, id VideoID, generation int, p Probe) error
	// ProbeOf: NotFound.
	ProbeOf(ctx context.Context, id VideoID, generation int) (Probe, error)
}

// Range is a piece of an object, in bytes.
type Range struct {
	Start  int64 // inclusive
	Length int64 // zero means to the end
}

// ObjectInfo is what is known of an object without reading it.
type ObjectInfo struct {
	Key        string
	SizeBytes  int64
	ModifiedAt time.Time
}

// Objects keeps immutable bytes under keys that match ^[a-z0-9/_.-]+$ and hold neither an empty
// segment nor "..". Six methods, and it stays six.
type Objects interface {
	// Put stores r to its end under key and returns the bytes written. When it returns nil the
	// object survives a power cut; on an error nothing is to be seen under key. A file given as r
	// from its beginning may be taken over as it lies: nobody writes to it any more. Errors:
	// Conflict if key exists, Full if there is no room, Invalid for a bad key, and r's own error.
	Put(ctx context.Context, key string, r io.Reader) (int64, error)
	// Open returns the bytes of key from r.Start (inclusive) for r.Length bytes; zero means to the
	// end. The caller closes the reader; it may be an io.Seeker when the range is the whole object.
	// Errors: NotFound if key is absent; Invalid for a range that starts beyond the end.
	Open(ctx context.Context, key string, r Range) (io.ReadCloser, error)
	// Stat answers size and time. NotFound.
	Stat(ctx context.Context, key string) (ObjectInfo, error)
	// Delete removes key; an absent one is no error.
	Delete(ctx context.Context, key string) error
	// List walks the objects whose keys begin with prefix, in key order, and stops at the first
	// error.
	List(ctx context.Context, prefix string) iter.Seq2[ObjectInfo, error]
	// SignURL is an address that reads key without more credentials for ttl. Invalid where the back
	// end has none.
	SignURL(ctx context.Context, key string, ttl time.Duration) (string, error)
}

// Queue wakes a worker for a job. It may deliver late, twice or never: leases and reconcile make up
// for it.
type Queue interface {
	Enqueue(ctx context.Context, j Job) error
}

// Bus says "look again" to whoever listens on a topic. Messages may be lost; the rows are the
// truth.
type Bus interface {
	// Publish sends event to the topic's subscribers on all processes.
	Publish(ctx context.Context, topic string, event string) error
	// Subscribe delivers the topic's events until ctx ends, then closes the channel. A slow reader
	// loses events, never blocks others.
	Subscribe(ctx context.Context, topic string) (<-chan string, error)
}

// Hasher hashes and checks human passwords. It may wait to keep parallel hashing bounded.
type Hasher interface {
	Hash(ctx context.Context, password string) (string, error)
	// Verify answers whether password made hash, in time that does not depend on the answer.
	Verify(ctx context.Context, password, hash string) (bool, error)
}
