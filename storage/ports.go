package storage

import (
	"context"
	"io"
	"iter"
	"time"
)

// Store keeps rows. It is composed of small stores and never checks permissions. Every method may
// fail with Unavailable if the database cannot be reached, and with NotFound, Conflict or Fenced if
// its comment says so. Times have millisecond precision, in UTC.
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

	// InTx runs fn in one transaction. If fn returns nil, all its writes become durable together.
	// If fn returns an error, none do, and InTx returns that error unchanged. fn may run again from
	// the start: outside the store it only sets, never appends. fn may use only the Store it is
	// given. Nested calls join the outer transaction.
	InTx(ctx context.Context, fn func(Store) error) error
	// Ping reports whether the database can be reached and written.
	Ping(ctx context.Context) error
}

// AccountStore keeps people and their credentials. Hashes are SecretHash of random secrets, or
// Hasher's of passwords.
type AccountStore interface {
	CreateWorkspace(ctx context.Context, w Workspace) error
	// CreateUser adds a user and the membership. Conflict if the mail address (compared in lower
	// case) is taken.
	CreateUser(ctx context.Context, u User, m Membership) error
	CountUsers(ctx context.Context) (int, error)
	// SiteWorkspace is the workspace that set-up made: its owner and admins run the site. NotFound
	// before set-up, and after it was deleted.
	SiteWorkspace(ctx context.Context) (Workspace, error)
	// MakeSiteWorkspace makes a workspace the one that runs the site.
	MakeSiteWorkspace(ctx context.Context, id WorkspaceID) error
	// SetUntrustedProxy stores the address of a proxy that all visitors come through and that
	// nobody said to trust; empty if there is none (any more). UntrustedProxy returns it.
	SetUntrustedProxy(ctx context.Context, address string) error
	UntrustedProxy(ctx context.Context) (string, error)
	// IdentityByEmail and IdentityByUser return the user with the oldest membership, if any.
	// NotFound.
	IdentityByEmail(ctx context.Context, email string) (Identity, error)
	IdentityByUser(ctx context.Context, id UserID) (Identity, error)
	// SetPassword replaces the password hash. NotFound.
	SetPassword(ctx context.Context, id UserID, hash string) error

	CreateSession(ctx context.Context, s Session) error
	// SessionByHash returns the session and its user, in the session's workspace. If the user has
	// left that, it is their oldest workspace, if any. NotFound if absent; the caller checks
	// ExpiresAt.
	SessionByHash(ctx context.Context, hash string) (Session, Identity, error)
	TouchSession(ctx context.Context, hash string, at time.Time) error
	DeleteSession(ctx context.Context, hash string) error

	CreateAPIKey(ctx context.Context, k APIKey) error
	// APIKeyByHash returns the key and its user, in the key's workspace, or in none if the user has
	// left that. NotFound if absent; the caller checks ExpiresAt.
	APIKeyByHash(ctx context.Context, hash string) (APIKey, Identity, error)
	TouchAPIKey(ctx context.Context, id APIKeyID, at time.Time) error

	CreateLoginLink(ctx context.Context, l LoginLink) error
	// LoginLinkByHash reads a link without using it. NotFound.
	LoginLinkByHash(ctx context.Context, hash string) (LoginLink, error)
	// UseLoginLink marks the link as used, once. NotFound if absent, used already, or expired at
	// now.
	UseLoginLink(ctx context.Context, hash string, now time.Time) (UserID, error)
}

// VideoStore keeps videos.
type VideoStore interface {
	CreateVideo(ctx context.Context, v Video) error
	// VideoByID finds a video, in the trash or not. NotFound.
	VideoByID(ctx context.Context, id VideoID) (Video, error)
	// VideoSummary is VideoByID with what a list also shows. NotFound.
	VideoSummary(ctx context.Context, id VideoID) (VideoSummary, error)
	// ListVideos returns at most q.Limit rows in the order of the library, in one query.
	ListVideos(ctx context.Context, q VideoQuery) ([]VideoSummary, error)
	// ChangeVideo writes what the owner chose, and when.
	ChangeVideo(ctx context.Context, id VideoID, change VideoChange, at time.Time) error
	// SetVideoTrashed puts the video into the trash, or takes it out (nil).
	SetVideoTrashed(ctx context.Context, id VideoID, at *time.Time) error
	// SetVideoState moves the video from one of the states in from to the state to, with the
	// failure's sentence (empty unless failed). Conflict if the video is in another state, NotFound
	// if it is not there.
	SetVideoState(ctx context.Context, id VideoID, from []State, to State, failure string, at time.Time) error
	SetVideoMedia(ctx context.Context, id VideoID, duration time.Duration, width, height int, at time.Time) error
	// StartGeneration raises the generation by one and returns it.
	StartGeneration(ctx context.Context, id VideoID, at time.Time) (int, error)
	// PublishGeneration makes that generation's assets the ones that viewers read. It never goes
	// back to a lower one.
	PublishGeneration(ctx context.Context, id VideoID, generation int, at time.Time) error
}

// UploadStore keeps uploads and their parts.
type UploadStore interface {
	CreateUpload(ctx context.Context, u Upload) error
	// UploadByID and UploadByVideo (the newest one): NotFound.
	UploadByID(ctx context.Context, id UploadID) (Upload, error)
	UploadByVideo(ctx context.Context, id VideoID) (Upload, error)
	// TakeUpload raises the holder counter and returns the row with it: the previous holder can
	// append no more. NotFound.
	TakeUpload(ctx context.Context, id UploadID) (Upload, error)
	// LeaveUpload says that holder has stopped writing. It changes nothing if somebody else has
	// taken the upload over.
	LeaveUpload(ctx context.Context, id UploadID, holder int64) error
	// AppendParts adds parts that begin at the upload's offset and moves the offset on. Fenced if
	// holder is no longer the row's; Conflict if the first part's offset is not the row's, or the
	// upload is sealed or terminated.
	AppendParts(ctx context.Context, id UploadID, holder int64, parts []Part, expiresAt time.Time) error
	// SetUploadLength fixes a deferred length. Conflict if another one is set.
	SetUploadLength(ctx context.Context, id UploadID, lengthBytes int64) error
	// SealUpload marks the upload as complete. Conflict if it is sealed or terminated.
	SealUpload(ctx context.Context, id UploadID, at time.Time) error
	// HoldUpload keeps chunks and parts from being added until the transaction ends. NotFound.
	HoldUpload(ctx context.Context, id UploadID) error
	// TerminateUpload marks the upload as given up; its parts stay until they are collected.
	// Conflict if its client has completed it.
	TerminateUpload(ctx context.Context, id UploadID, at time.Time) error
	// ReopenUpload takes back that an upload was given up. It returns false if it was not. A
	// recording counts as heard of at heardAt.
	ReopenUpload(ctx context.Context, id UploadID, heardAt time.Time) (bool, error)
	// ExpiredUploads lists uploads of files that expired before that time and are not complete, the
	// oldest first.
	ExpiredUploads(ctx context.Context, before time.Time, limit int) ([]UploadID, error)
	// Parts lists the parts of a track in order.
	Parts(ctx context.Context, id UploadID, track string) ([]Part, error)
}

// RecordingStore keeps what a browser records, beside its upload.
type RecordingStore interface {
	CreateRecording(ctx context.Context, r Recording) error
	// NameCreation stores the name that an account gave the request that made a video, and deletes
	// all that are older than forget. Conflict if the account has a request with that name.
	NameCreation(ctx context.Context, c Creation, forget time.Time) error
	// CreationByKey finds the video that an account's request with that name made since then.
	// NotFound.
	CreationByKey(ctx context.Context, id UserID, keyHash string, since time.Time) (VideoID, error)
	// RecordingByUpload finds a recording. NotFound for the upload of a file.
	RecordingByUpload(ctx context.Context, id UploadID) (Recording, error)
	// HearRecording writes State, StartedAt, Pauses, CameraOffsetMS and HeardAt, and moves the
	// upload's expiry. NotFound.
	HearRecording(ctx context.Context, r Recording, expiresAt time.Time) error
	// AddChunk stores a chunk's row, and its track's if it is the first, and moves HeardAt and the
	// expiry. If the row exists already, AddChunk returns it (created false). Conflict if the
	// upload was given up, or was sealed by its client.
	AddChunk(
		ctx context.Context,
		id UploadID,
		c Chunk,
		mediaType string,
		heardAt, expiresAt time.Time,
	) (stored Chunk, created bool, err error)
	// ChunkByNumber finds a chunk. NotFound.
	ChunkByNumber(ctx context.Context, id UploadID, track string, n int) (Chunk, error)
	// Chunks lists a track's chunks in order. There may be gaps.
	Chunks(ctx context.Context, id UploadID, track string) ([]Chunk, error)
	// TrackEnd returns how many of a track's chunks are there without a gap, from the first one,
	// and how many bytes they have.
	TrackEnd(ctx context.Context, id UploadID, track string) (chunks int, bytes int64, err error)
	// ChunksAt lists at most limit chunks without a gap, from the one that holds the byte at
	// offset; none beyond their end. It costs the same at every offset.
	ChunksAt(ctx context.Context, id UploadID, track string, offset int64, limit int) ([]Part, error)
	// Tracks lists the tracks that have a chunk, by name.
	Tracks(ctx context.Context, id UploadID) ([]Track, error)
	// IndexTrack writes what was indexed since from, and adds the fragments after those already
	// there. Conflict if somebody else has already indexed from there.
	IndexTrack(ctx context.Context, from int64, t Track, fragments []Fragment) error
	// AddSound adds a piece of a track's sound. Conflict if there is one of that number.
	AddSound(ctx context.Context, s SoundPiece) error
	// Sounds lists the pieces of a track's sound in order, without the first from pieces.
	Sounds(ctx context.Context, id UploadID, track string, from int) ([]SoundPiece, error)
	// Fragments lists a track's fragments in order, without the first from fragments.
	Fragments(ctx context.Context, id UploadID, track string, from int) ([]Fragment, error)
	// SealRecording seals the upload, also a second time, and stores the number of chunks. Conflict
	// if it was given up.
	SealRecording(ctx context.Context, id UploadID, at time.Time, chunks int, recovered bool) error
	// SaveLayout stores where the camera's bubble is shown. It replaces an earlier layout.
	SaveLayout(ctx context.Context, id VideoID, layout Layout) error
	// LayoutOf returns the stored layout. NotFound if there is none.
	LayoutOf(ctx context.Context, id VideoID) (Layout, error)
	// SilentRecordings lists recordings that were last heard of before that time and have unsealed
	// chunks, oldest first.
	SilentRecordings(ctx context.Context, before time.Time, limit int) ([]UploadID, error)
	// EmptyRecordings lists recordings that were last heard of before that time, have no chunk, and
	// still count as being recorded.
	EmptyRecordings(ctx context.Context, before time.Time, limit int) ([]UploadID, error)
}

// LinkStore keeps links.
type LinkStore interface {
	CreateLink(ctx context.Context, s Link) error
	// LinkByToken finds a link, ended or not. NotFound.
	LinkByToken(ctx context.Context, token string) (Link, error)
	// VideoByToken is LinkByToken and VideoByID in one. Everything that a link opens begins here.
	// NotFound.
	VideoByToken(ctx context.Context, token string) (Video, Link, error)
	LinkByID(ctx context.Context, id LinkID) (Link, error)
	// LinkByVideo is the video's oldest link. NotFound.
	LinkByVideo(ctx context.Context, id VideoID) (Link, error)
	// UpdateLink writes all but ID, VideoID, Token, Epoch and CreatedAt, and raises Epoch by one.
	// NotFound.
	UpdateLink(ctx context.Context, s Link) error
}

// CommentStore keeps comments. Every write takes the video's next sequence number in the same
// transaction, so that a reader who has seen number n can ask for what came after it and misses
// nothing.
type CommentStore interface {
	// CreateComment stores c and returns it with Seq set. With a guest, it also stores who that is.
	CreateComment(ctx context.Context, c Comment, by Guest) (Comment, error)
	// CommentByID finds a comment that is not deleted. NotFound.
	CommentByID(ctx context.Context, id CommentID) (Comment, error)
	// UpdateComment writes Body, At, Until and EditedAt; replies follow a moved thread. NotFound.
	UpdateComment(ctx context.Context, c Comment) (Comment, error)
	// DeleteComment marks the comment and its replies as deleted and empties their text. It returns
	// the new sequence number. NotFound.
	DeleteComment(ctx context.Context, id CommentID, at time.Time) (int64, error)
	// ListComments returns at most q.Limit live comments in one query: threads by position, replies
	// after their comment by age.
	ListComments(ctx context.Context, q CommentQuery) ([]Comment, error)
	// CommentsSince returns what was made, edited or deleted after seq, in order of seq.
	CommentsSince(ctx context.Context, id VideoID, seq int64, limit int) ([]Comment, error)
	// CommentSeq returns the video's latest sequence number and the number of live comments.
	CommentSeq(ctx context.Context, id VideoID) (seq int64, count int, err error)
}

// StageStore keeps work: the outbox, the leases and the attempts in one table. Lease times use the
// database's clock.
type StageStore interface {
	CreateStage(ctx context.Context, s Stage) error
	StageByID(ctx context.Context, id StageID) (Stage, error)
	// StagesByVideo lists the stages of one generation, oldest first.
	StagesByVideo(ctx context.Context, id VideoID, generation int) ([]Stage, error)
	// ClaimStage takes the lease of a stage that is due or whose lease ran out: it raises Attempt
	// and Fence and sets the owner. Conflict if somebody holds it, if it is not due yet, or if it
	// has ended.
	ClaimStage(ctx context.Context, id StageID, owner string, lease time.Duration) (Stage, error)
	// HoldStage renews the lease if fence is still the row's, else Fenced. As the first statement
	// of a transaction it fences all of it.
	HoldStage(ctx context.Context, id StageID, fence int64, lease time.Duration) error
	// SetStageProgress writes 0…1. Fenced.
	SetStageProgress(ctx context.Context, id StageID, fence int64, progress float64) error
	// EndStage ends the stage as done or failed, with a sentence for people. Fenced.
	EndStage(ctx context.Context, id StageID, fence int64, state StageState, message string) error
	// RequeueStage releases the lease and makes the stage due again after wait. refund takes the
	// attempt back (a clean hand-over). Fenced.
	RequeueStage(ctx context.Context, id StageID, fence int64, wait time.Duration, refund bool) error
	// DueStages lists stages to send: due and never sent, due and sent longer than resend ago, or
	// with a lease that ran out.
	DueStages(ctx context.Context, resend time.Duration, limit int) ([]Stage, error)
	// MarkStageSent counts one more sending.
	MarkStageSent(ctx context.Context, id StageID) error
	// RenewStage makes the stage of a step due again after wait, in any state, with all its
	// attempts. Its holder is fenced. NotFound.
	RenewStage(ctx context.Context, id VideoID, generation int, step Step, wait time.Duration) (Stage, error)
	// WakeStage adds the stage. If its step has a stage that has ended, WakeStage makes that due
	// again at once; a running one goes on. It returns the resulting row, locked until the
	// transaction ends.
	WakeStage(ctx context.Context, s Stage) (Stage, error)
	// FreeLeases makes every running stage of owner due at once and returns their number. Attempts
	// stay raised.
	FreeLeases(ctx context.Context, owner string) (int, error)
	// CancelStages ends every unfinished stage of the video as failed, and so fences it. It leaves
	// out generation 0, whose stages look at what arrives.
	CancelStages(ctx context.Context, id VideoID) error
}

// AssetStore keeps what was derived from a source.
type AssetStore interface {
	// CreateAsset adds a derived object's row. Conflict if the video's generation has one of that
	// name.
	CreateAsset(ctx context.Context, a Asset) error
	// AssetsByVideo lists a generation's assets, oldest first.
	AssetsByVideo(ctx context.Context, id VideoID, generation int) ([]Asset, error)
	// AssetByName finds an asset. NotFound.
	AssetByName(ctx context.Context, id VideoID, generation int, name string) (Asset, error)
	// MarkAsset stores when an asset's object was found damaged; nil: it is whole after all. It
	// returns false if that was stored before, or the asset is not there.
	MarkAsset(ctx context.Context, id AssetID, damagedAt *time.Time) (bool, error)
	// SaveProbe stores the probe of a generation. It replaces an earlier one.
	SaveProbe(ctx context.Context, id VideoID, generation int, p Probe) error
	// ProbeOf returns the probe of a generation. NotFound.
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

// Objects stores immutable bytes under keys that match ^[a-z0-9/_.-]+$ and have neither an empty
// segment nor "..". It has six methods, and it stays six.
type Objects interface {
	// Put stores all of r under key and returns the bytes written. When it returns nil, the object
	// survives a power cut; on an error nothing is visible under key. If r is a file at its
	// beginning, Put may take over the file itself: nobody writes to it any more. Errors: Conflict
	// if key exists, Full if there is no room, Invalid for a bad key, and r's own error.
	Put(ctx context.Context, key string, r io.Reader) (int64, error)
	// Open returns the bytes of key from r.Start (inclusive) for r.Length bytes; zero means to the
	// end. The caller closes the reader; it may be an io.Seeker when the range is the whole object.
	// Errors: NotFound if key is absent; Invalid for a range that starts beyond the end.
	Open(ctx context.Context, key string, r Range) (io.ReadCloser, error)
	// Stat returns size and time. NotFound if key is absent.
	Stat(ctx context.Context, key string) (ObjectInfo, error)
	// Delete removes key; an absent key is no error.
	Delete(ctx context.Context, key string) error
	// List walks the objects whose keys begin with prefix, in key order, and stops at the first
	// error.
	List(ctx context.Context, prefix string) iter.Seq2[ObjectInfo, error]
	// SignURL returns an address that reads key without other credentials for ttl. Invalid if the
	// back end has none.
	SignURL(ctx context.Context, key string, ttl time.Duration) (string, error)
}

// Queue wakes a worker for a job. It may deliver late, twice or never: leases and reconcile correct
// that.
type Queue interface {
	Enqueue(ctx context.Context, j Job) error
}

// Bus says "look again" to the listeners of a topic. Messages may be lost; the rows are the truth.
type Bus interface {
	// Publish sends event to the topic's subscribers in all processes.
	Publish(ctx context.Context, topic string, event string) error
	// Subscribe delivers the topic's events until ctx ends, then closes the channel. A slow reader
	// loses events, never blocks others.
	Subscribe(ctx context.Context, topic string) (<-chan string, error)
}

// Hasher hashes and checks the passwords of people. It may wait, to limit parallel hashing.
type Hasher interface {
	Hash(ctx context.Context, password string) (string, error)
	// Verify reports whether password made hash, in time that does not depend on the result.
	Verify(ctx context.Context, password, hash string) (bool, error)
}
