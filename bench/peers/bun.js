// Bun, which carries uWebSockets, as an echo; what goes to /pub comes to all of /sub.   usage: bun bun.js PORT
Bun.serve({
    hostname: '127.0.0.1',
    port: Number(process.argv[2]),
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
            else socket.send(message);
        },
        perMessageDeflate: false,
        maxPayloadLength: 64 << 20,
        backpressureLimit: 256 << 20,
        idleTimeout: 0,
    },
});
