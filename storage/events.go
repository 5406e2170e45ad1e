package storage

// Events on the Bus.
const (
	EventVideo   = "video"   // state, progress, title or what plays has changed
	EventComment = "comment" // the conversation has changed
)

// VideoTopic is the topic of all events about one video.
func VideoTopic(id VideoID) string { return "video:" + string(id) }

// OwnerTopic is the topic of all events about the videos of one person in one workspace. An event
// is the id of a video to load again. An empty event means: check permissions again.
func OwnerTopic(w WorkspaceID, id UserID) string { return "owner:" + string(w) + ":" + string(id) }
