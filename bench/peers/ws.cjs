// The npm package ws as an echo; what goes to /pub comes to all of /sub. NODE_PATH names the node_modules that has it.
// usage: node ws.cjs PORT MODE
const { readFileSync } = require('fs');
const http = require('http');
const https = require('https');
const { WebSocketServer } = require('ws');
const [port, mode] = process.argv.slice(2);
const deflates = {
    deflate: { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
    deflatectx: { threshold: 0 },
};
const web = mode === 'tls'
    ? https.createServer({ cert: readFileSync(process.env.TLS_CERT), key: readFileSync(process.env.TLS_KEY) })
    : http.createServer();
const server = new WebSocketServer({
    server: web, perMessageDeflate: deflates[mode] ?? false, maxPayload: 64 << 20,
});
web.listen(Number(port), '127.0.0.1');
const subscribers = new Set();
server.on('connection', (socket, request) => {
    if (request.url === '/sub') subscribers.add(socket);
    socket.on('close', () => subscribers.delete(socket));
    if (request.url === '/pub') {
        socket.on('message', (data, isBinary) => {
            for (const subscriber of subscribers) subscriber.send(data, { binary: isBinary });
        });
        return;
    }
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
