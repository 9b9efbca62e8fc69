// Opening listening sockets. Pure system calls, no coroutines.
#pragma once

#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "base/result.h"
#include "base/task.h"
#include "net/listen_address.h"

namespace tamada {

// One socket for each address of the host; all addresses of both families on one socket where the system has dual
// stack. May block while a host name (not an address) is resolved. Errors: Conflict (port in use), Unavailable (no such
// address here), Denied (port below 1024 without the right).
Result<std::vector<boost::asio::ip::tcp::acceptor>> open_listeners(const Executor& executor, const ListenAddress& where,
                                                                   int backlog);

}  // namespace tamada
