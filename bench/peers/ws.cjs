// The npm package ws as an echo; what goes to /pub comes to all of /sub. NODE_PATH names the node_modules that has it.
const { WebSocketServer } = require('ws');
const server = new WebSocketServer({
    host: '127.0.0.1', port: Number(process.argv[2]), perMessageDeflate: false, maxPayload: 64 << 20,
});
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
