#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/invariant.h"
#include "base/text.h"
#include "net/curl_error.h"
#include "net/curl_multi.h"

namespace tamada {

namespace {

constexpr std::size_t kMaxBody = std::size_t{64} << 20;
constexpr std::size_t kMaxStreamBuffer = std::size_t{1} << 20;  // a stream that nobody reads is paused here
constexpr std::size_t kMaxHeaders = 200;

long milliseconds_of(Duration d) {
  return std::max<long>(1, static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(d).count()));
}

TransferFailure failure_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return TransferFailure::Timeout;
    case CURLE_COULDNT_RESOLVE_HOST:
      return TransferFailure::Resolve;
    case CURLE_COULDNT_CONNECT:
      return TransferFailure::Connect;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
      return TransferFailure::Tls;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_ABORTED_BY_CALLBACK:
      return TransferFailure::Broken;
    default:
      return TransferFailure::Other;
  }
}

}  // namespace

CurlTransfer::CurlTransfer(std::shared_ptr<CurlMulti> multi)
    : changed(multi->executor()), multi_(std::move(multi)), easy_(curl_easy_init()) {
  INVARIANT(easy_ != nullptr);
}

CurlTransfer::~CurlTransfer() {
  if (added_) multi_->remove(easy_);
  curl_easy_cleanup(easy_);
  curl_slist_free_all(headers_);
  curl_slist_free_all(resolve_);
}

void CurlTransfer::start(const HttpRequest& request, const HttpClientSettings& settings,
                         const std::string& resolve_entry, Duration limit, bool streaming) {
  streaming_ = streaming;
  if (!resolve_entry.empty()) {
    resolve_ = curl_slist_append(nullptr, resolve_entry.c_str());
    curl_easy_setopt(easy_, CURLOPT_RESOLVE, resolve_);
  }
  set_request(request);
  set_connection(settings, limit);
  set_tls(settings);
  multi_->add(easy_);
  added_ = true;
}

void CurlTransfer::set_request(const HttpRequest& request) {
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy_, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy_, CURLOPT_USERAGENT, "tamada");
  request_body_ = request.body;
  if (request.method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  } else if (!request_body_.empty() || request.method == "POST" || request.method == "PUT" ||
             request.method == "PATCH") {
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_body_.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_body_.data());
  }
  if (request.method != "HEAD") curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  // One round trip more, and etcd's gateway does not know it. libcurl would sign its absence.
  if (!request.aws) headers_ = curl_slist_append(headers_, "Expect:");
  for (const auto& [name, value] : request.headers) {
    headers_ = curl_slist_append(headers_, value.empty() ? (name + ";").c_str() : (name + ": " + value).c_str());
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
  if (request.aws) {
    const AwsSignature& aws = *request.aws;
    curl_easy_setopt(easy_, CURLOPT_AWS_SIGV4, ("aws:amz:" + aws.region + ":" + aws.service).c_str());
    curl_easy_setopt(easy_, CURLOPT_USERNAME, aws.key_id.c_str());
    curl_easy_setopt(easy_, CURLOPT_PASSWORD, aws.secret.c_str());
  }
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
}

void CurlTransfer::set_connection(const HttpClientSettings& settings, Duration limit) {
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, detail_.data());
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROXY, "");  // no proxy from the environment on the way to a store
  // Shared out among the host's addresses, so that a dead first one does not use up everything.
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, milliseconds_of(limit));
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  const long idle = std::max<long>(1, settings.keepalive_idle.count());
  const long rest = std::max<long>(1, (settings.dead_after.count() - idle) / 3);
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPIDLE, idle);
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPINTVL, rest);
  user_timeout_ms_ = static_cast<unsigned>(std::max<long>(1, settings.dead_after.count()) * 1000);
  curl_easy_setopt(easy_, CURLOPT_SOCKOPTFUNCTION, &CurlTransfer::on_socket_options);
  curl_easy_setopt(easy_, CURLOPT_SOCKOPTDATA, this);
  curl_easy_setopt(easy_, CURLOPT_CLOSESOCKETFUNCTION, &CurlMulti::on_close_socket);
  curl_easy_setopt(easy_, CURLOPT_CLOSESOCKETDATA, multi_.get());
  curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &CurlTransfer::on_connected);
  curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
  if (!settings.username.empty()) {
    curl_easy_setopt(easy_, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(easy_, CURLOPT_USERNAME, settings.username.c_str());
    curl_easy_setopt(easy_, CURLOPT_PASSWORD, settings.password.c_str());
  }
}

void CurlTransfer::set_tls(const HttpClientSettings& settings) {
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, settings.verify_peer ? 1L : 0L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, settings.verify_host ? 2L : 0L);
  curl_easy_setopt(easy_, CURLOPT_CA_CACHE_TIMEOUT, 0L);
  if (!settings.cacert.empty()) {
    curl_easy_setopt(easy_, CURLOPT_CAINFO, settings.cacert.c_str());
    curl_easy_setopt(easy_, CURLOPT_CAPATH, nullptr);  // only this authority, not the system's as well
  }
  if (settings.cert.empty()) return;
  curl_easy_setopt(easy_, CURLOPT_SSLCERT, settings.cert.c_str());
  curl_easy_setopt(easy_, CURLOPT_SSLKEY, (settings.key.empty() ? settings.cert : settings.key).c_str());
  if (!settings.key_password.empty()) curl_easy_setopt(easy_, CURLOPT_KEYPASSWD, settings.key_password.c_str());
}

int CurlTransfer::on_socket_options(void* self, curl_socket_t fd, curlsocktype) {
  const auto* me = static_cast<CurlTransfer*>(self);
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &me->user_timeout_ms_, sizeof me->user_timeout_ms_);
  return CURL_SOCKOPT_OK;
}

int CurlTransfer::on_connected(void* self, char*, char*, int, int) {
  auto* me = static_cast<CurlTransfer*>(self);
  // libcurl sends again by itself when a kept-alive connection broke before the answer began; the server may have acted
  // on the first one.
  if (me->may_be_sent_) return CURL_PREREQFUNC_ABORT;
  me->may_be_sent_ = true;
  return CURL_PREREQFUNC_OK;
}

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto* me = static_cast<CurlTransfer*>(self);
  const std::size_t bytes = size * count;
  if (me->streaming_ && me->response.body.size() >= kMaxStreamBuffer) {
    me->paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  if (me->response.body.size() + bytes > kMaxBody) {
    me->too_large_ = true;
    return 0;
  }
  me->response.body.append(data, bytes);
  if (me->streaming_) me->changed.resume_all();
  return bytes;
}

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto* me = static_cast<CurlTransfer*>(self);
  if (!me->headers_done) me->take_header(trim(std::string_view(data, size * count)));
  return size * count;
}

void CurlTransfer::take_header(std::string_view line) {
  if (line.starts_with("HTTP/")) {  // also after a provisional answer
    response.headers.clear();
    const std::size_t space = line.find(' ');
    response.status = 0;
    if (space != std::string_view::npos) {
      std::from_chars(line.data() + space + 1, line.data() + line.size(), response.status);
    }
    return;
  }
  if (line.empty()) {
    headers_done = response.status >= 200;
    if (headers_done) changed.resume_all();
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || response.headers.size() >= kMaxHeaders) return;
  response.headers.emplace_back(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
}

std::string CurlTransfer::take_body() {
  std::string taken = std::move(response.body);
  response.body.clear();
  if (paused_) {
    paused_ = false;
    curl_easy_pause(easy_, CURLPAUSE_CONT);
    multi_->kick();
  }
  return taken;
}

Error CurlTransfer::error(const std::string& url) const {
  const TransferFailure failure = too_large_ ? TransferFailure::TooLarge : failure_of(result);
  std::string detail = detail_.data();
  if (result == CURLE_ABORTED_BY_CALLBACK) detail = "the connection was closed before the answer began";
  if (too_large_) detail = "the answer is larger than 64 MB";
  if (detail.empty()) detail = curl_easy_strerror(result);
  return transfer_error(failure, may_be_sent_, url, detail);
}

}  // namespace tamada
