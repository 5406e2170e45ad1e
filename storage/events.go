package storage

// Events on the Bus.
const (
	EventVideo   = "video"   // state, progress, title or what plays has changed
	EventComment = "comment" // the conversation has changed
)

// VideoTopic is the topic of everything about one video.
func VideoTopic(id VideoID) string { return "video:" + string(id) }

// OwnerTopic is the topic of everything about the videos of one person in one workspace; its events
// are the ids of videos to look at again, or empty where rights are to be.
func OwnerTopic(w WorkspaceID, id UserID) string { return "owner:" + string(w) + ":" + string(id) }
