// This script in the page's head starts the load of the video. Otherwise the first paint would
// delay a video in the body: a browser begins to load one only when it is idle, and lays out and
// paints the page before that. After the head there is nothing to draw yet.
{
  const kept = document.querySelector<HTMLTemplateElement & { video?: HTMLVideoElement | null }>('#kept')
  if (kept) kept.video = document.importNode(kept.content, true).querySelector('video')
}
