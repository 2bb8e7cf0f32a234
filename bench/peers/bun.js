// Bun, which carries uWebSockets, as an echo; what goes to /pub comes to all of /sub.   usage: bun bun.js PORT MODE
const [port, mode] = process.argv.slice(2);
const deflates = {
    deflate: { compress: 'shared', decompress: 'shared' }, // Neither context is taken over.
    deflatectx: { compress: 'dedicated', decompress: 'dedicated' },
};
const isPacked = mode in deflates;
Bun.serve({
    hostname: '127.0.0.1',
    port: Number(port),
    tls: mode === 'tls' ? { cert: Bun.file(process.env.TLS_CERT), key: Bun.file(process.env.TLS_KEY) } : undefined,
    fetch(request, server) {
        const data = new URL(request.url).pathname;
        return server.upgrade(request, { data }) ? undefined : new Response(null, { status: 426 });
    },
    websocket: {
        open(socket) {
            if (socket.data === '/sub') socket.subscribe('all');
        },
        message(socket, message) {
            if (socket.data === '/pub') socket.publish('all', message);
            else socket.send(message, isPacked);
        },
        perMessageDeflate: deflates[mode] ?? false,
        maxPayloadLength: 64 << 20,
        backpressureLimit: 256 << 20,
        idleTimeout: 0,
    },
});
