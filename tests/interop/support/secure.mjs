// The same runs over TLS: with WEFT_TEST_TLS=1, and the certificates of $WEFT_CERTS. Their authority is trusted
// by Node through NODE_EXTRA_CA_CERTS, by weft through SSL_CERT_FILE, by a browser through certutil.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { once } from 'node:events';
import { join } from 'node:path';

export const isSecure = process.env.WEFT_TEST_TLS === '1';
export const scheme = isSecure ? 'wss' : 'ws';

export const certificateFile = (name) => join(process.env.WEFT_CERTS, name);

/** Certificate and key as Node takes them. */
export const certificate = (name) => ({
  cert: readFileSync(certificateFile(`${name}.pem`)), key: readFileSync(certificateFile(`${name}.key`)),
});

/** What `weft serve` needs to speak TLS. */
export const serveOptions = (name = 'server') => (
  ['--tls-cert', certificateFile(`${name}.pem`), '--tls-key', certificateFile(`${name}.key`)]);

/** A server of Node's that listens at a free port over TLS. */
export async function listenSecure(options = {}, name = 'server') {
  const server = createServer({ ...certificate(name), ...options }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
