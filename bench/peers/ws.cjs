// The npm package ws as an echo. NODE_PATH names the node_modules that has it.
const { WebSocketServer } = require('ws');
const server = new WebSocketServer({
    host: '127.0.0.1', port: Number(process.argv[2]), perMessageDeflate: false, maxPayload: 64 << 20,
});
server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
