#include "net/curl_multi.h"

#include <unistd.h>

#include <mutex>

#include <boost/asio/post.hpp>

#include "base/invariant.h"

// libldap and librtmp bring GnuTLS into every program with libpq or libcurl, and GnuTLS would set itself up before
// main: a megabyte and some milliseconds for nobody. With this (its own hook, GNUTLS_SKIP_GLOBAL_INIT) it waits for its
// first user.
extern "C" __attribute__((visibility("default"), used)) int _gnutls_global_init_skip() {
  return 1;
}

namespace tamada {

namespace asio = boost::asio;

namespace {

constexpr long kMaxIdleConnections = 32;

CURLM* make_multi() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  CURLM* multi = curl_multi_init();
  INVARIANT(multi != nullptr);
  return multi;
}

}  // namespace

CurlMulti::CurlMulti(Executor executor) : executor_(executor), multi_(make_multi()), timer_(executor) {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMulti::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlMulti::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kMaxIdleConnections);
}

CurlMulti::~CurlMulti() {
  curl_multi_cleanup(multi_);  // closes the idle connections, through on_close_socket
  for (auto& [fd, socket] : sockets_) socket->descriptor.release();
}

void CurlMulti::add(CURL* easy) {
  const CURLMcode rc = curl_multi_add_handle(multi_, easy);
  INVARIANT(rc == CURLM_OK);
}

void CurlMulti::remove(CURL* easy) {
  curl_multi_remove_handle(multi_, easy);
}

void CurlMulti::kick() {
  on_timer(multi_, 0, this);
}

int CurlMulti::on_timer(CURLM*, long timeout_ms, void* self) {
  auto* me = static_cast<CurlMulti*>(self);
  me->timer_.cancel();
  const std::uint64_t mine = ++me->timeouts_;
  if (timeout_ms < 0) return 0;
  if (timeout_ms == 0) {  // libcurl must not be entered again from inside its callback
    asio::post(me->executor_, [weak = me->weak_from_this(), mine] {
      if (auto alive = weak.lock(); alive && alive->timeouts_ == mine) alive->act(CURL_SOCKET_TIMEOUT, 0);
    });
    return 0;
  }
  me->timer_.expires_after(std::chrono::milliseconds(timeout_ms));
  me->timer_.async_wait([weak = me->weak_from_this()](boost::system::error_code ec) {
    if (auto alive = weak.lock(); alive && !ec) alive->act(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

int CurlMulti::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  auto* me = static_cast<CurlMulti*>(self);
  if (what == CURL_POLL_REMOVE) {
    me->forget(fd);
  } else {
    me->watch(fd, what);
  }
  return 0;
}

int CurlMulti::on_close_socket(void* self, curl_socket_t fd) {
  static_cast<CurlMulti*>(self)->forget(fd);
  return ::close(fd);
}

void CurlMulti::watch(curl_socket_t fd, int what) {
  std::shared_ptr<Socket>& socket = sockets_[fd];
  if (!socket) {
    socket = std::make_shared<Socket>(executor_);
    boost::system::error_code ec;
    socket->descriptor.assign(fd, ec);
    if (ec) {  // no memory in the kernel for one more; the transfer runs into its limit
      sockets_.erase(fd);
      return;
    }
  }
  socket->wanted = what;
  arm(fd, socket);
}

void CurlMulti::forget(curl_socket_t fd) {
  auto it = sockets_.find(fd);
  if (it == sockets_.end()) return;
  it->second->descriptor.release();
  sockets_.erase(it);
}

void CurlMulti::arm(curl_socket_t fd, const std::shared_ptr<Socket>& socket) {
  using Wait = asio::posix::stream_descriptor;
  auto handler = [this, fd, &socket](int event) {
    return [alive = weak_from_this(), fd, weak = std::weak_ptr(socket), event](boost::system::error_code ec) {
      if (auto me = alive.lock()) me->ready(fd, weak, event, static_cast<bool>(ec));
    };
  };
  if ((socket->wanted & CURL_POLL_IN) != 0 && !socket->reading) {
    socket->reading = true;
    socket->descriptor.async_wait(Wait::wait_read, handler(CURL_CSELECT_IN));
  }
  if ((socket->wanted & CURL_POLL_OUT) != 0 && !socket->writing) {
    socket->writing = true;
    socket->descriptor.async_wait(Wait::wait_write, handler(CURL_CSELECT_OUT));
  }
}

void CurlMulti::ready(curl_socket_t fd, const std::weak_ptr<Socket>& weak, int event, bool failed) {
  auto socket = weak.lock();
  auto it = sockets_.find(fd);
  // The number may belong to another connection by now.
  if (!socket || it == sockets_.end() || it->second != socket) return;
  (event == CURL_CSELECT_IN ? socket->reading : socket->writing) = false;
  const bool wanted = (socket->wanted & (event == CURL_CSELECT_IN ? CURL_POLL_IN : CURL_POLL_OUT)) != 0;
  if (wanted || failed) act(fd, failed ? CURL_CSELECT_ERR : event);
  it = sockets_.find(fd);
  if (it != sockets_.end() && it->second == socket && !failed) arm(fd, socket);
}

void CurlMulti::act(curl_socket_t fd, int event) {
  int running = 0;
  curl_multi_socket_action(multi_, fd, event, &running);
  collect();
}

void CurlMulti::collect() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* data = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &data);
    auto* transfer = reinterpret_cast<CurlTransfer*>(data);
    transfer->done = true;
    transfer->result = message->data.result;
    transfer->changed.resume_all();
  }
}

}  // namespace tamada
