// Stands in the page's head and has the video asked for. Whatever is drawn first would keep a video
// that stands in the body waiting: a browser begins to load one only when it comes to rest, and the
// page is laid out and painted before. Behind the head there is nothing to draw yet.
{
  const kept = document.querySelector<HTMLTemplateElement & { video?: HTMLVideoElement | null }>('#kept')
  if (kept) kept.video = document.importNode(kept.content, true).querySelector('video')
}
