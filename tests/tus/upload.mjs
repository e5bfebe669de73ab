// Uploads a file as a page would, and tells what happens: one JSON line for each event.
// node upload.mjs ENDPOINT FILE CHUNK STORE [KEY=VALUE ...]
import fs from "node:fs";
import path from "node:path";
import tus from "tus-js-client";

const [endpoint, file, chunk, store, ...metadata] = process.argv.slice(2);
const say = (event, told = {}) => console.log(JSON.stringify({ event, ...told }));
const pairs = metadata.map((each) => [each.slice(0, each.indexOf("=")), each.slice(each.indexOf("=") + 1)]);
let recording = null;

const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint,
  uploadSize: fs.statSync(file).size,
  chunkSize: chunk === "all" ? Infinity : Number(chunk),
  retryDelays: [100, 300, 500, 1000, 1000, 2000, 2000, 3000, 3000, 5000, 5000],
  metadata: { filename: path.basename(file), ...Object.fromEntries(pairs) },
  urlStorage: new tus.FileUrlStorage(store),
  uploadDataDuringCreation: process.env.DURING_CREATION === "1",
  overridePatchMethod: process.env.OVERRIDE === "1",
  uploadLengthDeferred: false,
  onUploadUrlAvailable: () => say("url", { url: upload.url }),
  onProgress: (sent) => say("progress", { sent }),
  onShouldRetry: (error) => {
    say("retry", { status: error.originalResponse ? error.originalResponse.getStatus() : 0 });
    return true;
  },
  onAfterResponse: (_, response) => {
    recording = response.getHeader("Videoqa-Recording") || recording;
  },
  onError: (error) => {
    say("error", { problem: String(error) });
    process.exit(1);
  },
  onSuccess: () => say("success", { url: upload.url, recording }),
});

const earlier = await upload.findPreviousUploads();
if (earlier.length > 0) {
  say("resumed", { url: earlier[0].uploadUrl });
  upload.resumeFromPreviousUpload(earlier[0]);
}
if (process.env.TERMINATE === "1") {
  upload.options.onChunkComplete = async () => {
    await upload.abort(true);
    say("terminated", { url: upload.url });
    process.exit(0);
  };
}
upload.start();
