// comfy-ui-client: websocket, prompt, pictures through /history and /view.
import { readFileSync } from 'node:fs';
import { ComfyUIClient } from 'comfy-ui-client';

const prompt = JSON.parse(readFileSync(new URL('txt2img.json', import.meta.url)));
prompt['3'].inputs.seed = 6;
const client = new ComfyUIClient(process.argv[2], 'baadbabe-b00b-4206-9420-deadd00d1337');
await client.connect();
const stats = await client.getSystemStats();
if (!stats.devices.length) throw new Error('no devices');
const images = await client.getImages(prompt);
const size = images['9'][0].blob.size;
if (!(size > 1000)) throw new Error(`picture of ${size} bytes`);
await client.disconnect();
process.exit(0);
