// Boost.Beast as an echo.   usage: beast_echo PORT
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include <cstdlib>
#include <memory>

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = boost::asio::ip::tcp;

class session : public std::enable_shared_from_this<session>
{
    websocket::stream<tcp::socket> stream;
    beast::flat_buffer buffer;

    void read()
    {
        stream.async_read(buffer,
                          [self = shared_from_this()](beast::error_code error, std::size_t) {
                              if (!error)
                                  self->write();
                          });
    }

    void write()
    {
        stream.text(stream.got_text());
        stream.async_write(buffer.data(),
                           [self = shared_from_this()](beast::error_code error, std::size_t) {
                               if (error)
                                   return;
                               self->buffer.clear();
                               self->read();
                           });
    }

  public:
    explicit session(tcp::socket socket) : stream(std::move(socket))
    {
    }

    void start()
    {
        stream.next_layer().set_option(tcp::no_delay(true));
        stream.read_message_max(64 << 20);
        stream.auto_fragment(false); // The generator expects a frame for a frame.
        stream.async_accept([self = shared_from_this()](beast::error_code error) {
            if (!error)
                self->read();
        });
    }
};

static void accept(tcp::acceptor &acceptor)
{
    acceptor.async_accept([&acceptor](beast::error_code error, tcp::socket socket) {
        if (!error)
            std::make_shared<session>(std::move(socket))->start();
        accept(acceptor);
    });
}

int main(int argc, char **argv)
{
    auto port = static_cast<unsigned short>(argc > 1 ? std::atoi(argv[1]) : 0);
    boost::asio::io_context context(1);
    tcp::acceptor acceptor(context, { boost::asio::ip::address_v4::loopback(), port });
    accept(acceptor);
    context.run();
}
