// What workers have of the origin's private file system, as far as it is used here. TypeScript
// knows it only together with a worker's globals, which cannot stand beside a page's.
interface FileSystemSyncAccessHandle {
  read(buffer: Uint8Array<ArrayBuffer>, options: { at: number }): number
  write(buffer: Uint8Array<ArrayBuffer>, options: { at: number }): number
  truncate(sizeBytes: number): void
  flush(): void
  close(): void
}

interface FileSystemFileHandle {
  createSyncAccessHandle(): Promise<FileSystemSyncAccessHandle>
}

interface FileSystemDirectoryHandle {
  keys(): AsyncIterable<string>
  entries(): AsyncIterable<[string, FileSystemHandle]>
}
