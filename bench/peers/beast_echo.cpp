// Boost.Beast as an echo.   usage: beast_echo PORT MODE
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <cstdlib>
#include <memory>
#include <string>

namespace beast = boost::beast;
namespace ssl = boost::asio::ssl;
namespace websocket = beast::websocket;
using tcp = boost::asio::ip::tcp;
using tls_stream = beast::ssl_stream<tcp::socket>;

static websocket::permessage_deflate deflate_of(const std::string &mode)
{
    websocket::permessage_deflate deflate;
    deflate.server_enable = mode == "deflate" || mode == "deflatectx";
    deflate.server_no_context_takeover = deflate.client_no_context_takeover = mode == "deflate";
    return deflate;
}

template <class transport> class session : public std::enable_shared_from_this<session<transport>>
{
    websocket::stream<transport> stream;
    beast::flat_buffer buffer;

    void read()
    {
        stream.async_read(buffer,
                          [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                              if (!error)
                                  self->write();
                          });
    }

    void write()
    {
        stream.text(stream.got_text());
        stream.async_write(buffer.data(),
                           [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                               if (error)
                                   return;
                               self->buffer.clear();
                               self->read();
                           });
    }

  public:
    template <class... arguments>
    explicit session(arguments &&...from) : stream(std::forward<arguments>(from)...)
    {
    }

    transport &wire()
    {
        return stream.next_layer();
    }

    void start(const websocket::permessage_deflate &deflate)
    {
        stream.read_message_max(64 << 20);
        stream.auto_fragment(false); // The generator expects a frame for a frame.
        stream.set_option(deflate);
        stream.async_accept([self = this->shared_from_this()](beast::error_code error) {
            if (!error)
                self->read();
        });
    }
};

struct server {
    tcp::acceptor acceptor;
    websocket::permessage_deflate deflate;
    ssl::context *identity; // Null: no TLS.

    void begin(tcp::socket socket)
    {
        socket.set_option(tcp::no_delay(true));
        if (!identity) {
            std::make_shared<session<tcp::socket>>(std::move(socket))->start(deflate);
            return;
        }
        auto fresh = std::make_shared<session<tls_stream>>(std::move(socket), *identity);
        fresh->wire().async_handshake(ssl::stream_base::server,
                                      [this, fresh](beast::error_code error) {
                                          if (!error)
                                              fresh->start(deflate);
                                      });
    }

    void accept()
    {
        acceptor.async_accept([this](beast::error_code error, tcp::socket socket) {
            if (!error)
                begin(std::move(socket));
            accept();
        });
    }
};

int main(int argc, char **argv)
{
    auto port = static_cast<unsigned short>(argc > 1 ? std::atoi(argv[1]) : 0);
    std::string mode = argc > 2 ? argv[2] : "plain";
    boost::asio::io_context context(1);
    ssl::context identity(ssl::context::tls_server);
    if (mode == "tls") {
        identity.use_certificate_chain_file(std::getenv("TLS_CERT"));
        identity.use_private_key_file(std::getenv("TLS_KEY"), ssl::context::pem);
    }
    server echo{ { context, { boost::asio::ip::address_v4::loopback(), port } },
                 deflate_of(mode),
                 mode == "tls" ? &identity : nullptr };
    echo.accept();
    context.run();
}
