// @stable-canvas/comfyui-client: routes, a prompt waited for over the websocket, a pipeline.
import { readFileSync } from 'node:fs';
import WebSocket from 'ws';
import { BasePipe, Client } from '@stable-canvas/comfyui-client';

const prompt = JSON.parse(readFileSync(new URL('txt2img.json', import.meta.url)));
prompt['3'].inputs.seed = 8;
const client = new Client({ api_host: process.argv[2], WebSocket, fetch });
await client.connect();
const names = await client.getSDModels();
if (!names.includes('thimble.safetensors')) throw new Error(`models: ${names}`);
await client.getSamplers();
await client.getQueue();
await client.getEmbeddings();
const ran = await client.enqueue(prompt, { progress: () => {} });
if (ran.images.length !== 1) throw new Error(JSON.stringify(ran));
const piped = await new BasePipe()
  .with(client)
  .model('thimble.safetensors')
  .prompt('a red square')
  .negative('')
  .size(128, 128)
  .steps(4)
  .save()
  .wait();
if (piped.images.length !== 1) throw new Error(JSON.stringify(piped));
client.close();
process.exit(0);
