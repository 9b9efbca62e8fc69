#include "host/signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/io_context.hpp>

#include "host/sd_notify.h"
#include "host/unique_fd.h"
#include "support/temporary_directory.h"

namespace tamada {
namespace {

TEST(Signals, each_signal_calls_its_handler_every_time) {
  boost::asio::io_context io;
  std::string seen;
  Signals signals(io.get_executor(), {.reload = [&] { seen += "reload "; },
                                      .shutdown = [&] { seen += "shutdown "; },
                                      .detach = [&] { seen += "detach "; },
                                      .dump = [&] { seen += "dump "; }});
  for (int number : {SIGHUP, SIGHUP, SIGTERM, SIGINT, SIGUSR2, SIGQUIT}) {
    ::raise(number);
    for (const auto before = seen.size(); seen.size() == before;) io.run_one();
  }
  EXPECT_EQ(seen, "reload reload shutdown shutdown detach dump ");
  ::raise(SIGPIPE);  // would end the process
}

TEST(SdNotify, sends_a_datagram_to_the_socket_and_is_silent_without_one) {
  ::unsetenv("NOTIFY_SOCKET");
  EXPECT_TRUE(sd_notify("READY=1"));
  testing::TemporaryDirectory directory;
  const std::string path = directory / "notify";
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  EXPECT_TRUE(sd_notify("READY=1"));
  char buffer[256];
  EXPECT_EQ(std::string(buffer, static_cast<std::size_t>(::recv(socket.get(), buffer, sizeof buffer, 0))), "READY=1");
  EXPECT_TRUE(sd_notify_reloading());
  const std::string text(buffer, static_cast<std::size_t>(::recv(socket.get(), buffer, sizeof buffer, 0)));
  EXPECT_EQ(text.find("RELOADING=1\nMONOTONIC_USEC="), 0u);
  ::unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace tamada
