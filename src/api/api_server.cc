#include "api/api_server.h"

#include <future>
#include <optional>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "api/routes.h"
#include "base/async.h"
#include "base/text.h"
#include "base/version.h"
#include "net/http_server.h"
#include "net/tls_context.h"

namespace tamada {

namespace asio = boost::asio;

namespace {

// Waiting requests are told at once; this is for their replies to leave.
constexpr std::chrono::milliseconds kStopGrace{2000};

TlsVerify verify_mode(RestApiSettings::VerifyClient mode) {
  switch (mode) {
    case RestApiSettings::VerifyClient::None:
      return TlsVerify::None;
    case RestApiSettings::VerifyClient::Optional:
      return TlsVerify::Optional;
    case RestApiSettings::VerifyClient::Required:
      return TlsVerify::Required;
  }
  return TlsVerify::None;
}

// Null without a certificate: plain HTTP.
Result<std::shared_ptr<const TlsServerContext>> load_tls(const RestApiSettings& s) {
  if (s.certfile.empty()) return std::shared_ptr<const TlsServerContext>();
  return TlsServerContext::load(
      {s.certfile, s.keyfile, s.keyfile_password, s.cafile, s.ciphers, verify_mode(s.verify_client)});
}

// `server_tokens`: only "minimal" tells the version.
std::string server_name(const std::string& tokens) {
  if (!equal_ignoring_case(tokens, "minimal")) return "Tamada";
  return "Tamada/" + std::string(own_version());
}

WallTime wall_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

}  // namespace

struct ApiServer::Impl {
  Impl(EngineFacade& engine, Logger logger)
      : log(logger),
        io(std::make_shared<asio::io_context>(1)),
        resolver(io->get_executor(), [&engine] { return engine.now(); }),
        context(engine, io, resolver, wall_now, logger),
        server(
            io->get_executor(), [this](const HttpServerRequest& r) { return handle_request(context, r); }, {}, logger) {
  }

  Result<void> apply(const RestApiSettings& settings);
  template <class F>
  auto on_api_thread(F work);
  Task<void> shut_down();

  Logger log;
  std::shared_ptr<asio::io_context> io;
  SystemResolver resolver;
  ApiContext context;
  HttpServer server;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
  std::thread thread;
  std::string told;
};

// All or nothing: what can fail comes first.
Result<void> ApiServer::Impl::apply(const RestApiSettings& settings) {
  auto tls = load_tls(settings);
  if (!tls) return tls.error();
  auto listening = server.listen(settings.listen, settings.request_queue_size);
  if (!listening) {
    if (listening.error().code != ErrorCode::Invalid) return listening;
    return Error(ErrorCode::Invalid, "Invalid \"restapi\" config: " + listening.error().message + " for \"listen\"");
  }
  server.use_tls(*tls);
  server.set_name(server_name(settings.server_tokens));
  context.settings = std::make_shared<RestApiSettings>(settings);
  // Reloads come with every change of any setting: told is only what is new.
  std::string where = settings.listen + (*tls ? " with certificate " + (*tls)->serial() : std::string());
  if (where != told) log.info("REST API listens on {}", where);
  told = std::move(where);
  return {};
}

template <class F>
auto ApiServer::Impl::on_api_thread(F work_item) {
  std::promise<decltype(work_item())> promise;
  auto future = promise.get_future();
  asio::post(*io, [&] { promise.set_value(work_item()); });
  return future.get();
}

Task<void> ApiServer::Impl::shut_down() {
  context.engine.stop();
  co_await server.stop(kStopGrace);
}

ApiServer::ApiServer(EngineFacade& engine, Logger log) : impl_(std::make_unique<Impl>(engine, std::move(log))) {}

ApiServer::~ApiServer() {
  stop();
}

Result<void> ApiServer::start(const RestApiSettings& settings) {
  auto applied = impl_->apply(settings);
  if (!applied) return applied;
  impl_->work.emplace(impl_->io->get_executor());
  impl_->thread = std::thread([io = impl_->io] { io->run(); });
  return {};
}

Result<void> ApiServer::reload(const RestApiSettings& settings) {
  if (!impl_->thread.joinable()) return start(settings);
  return impl_->on_api_thread([&] { return impl_->apply(settings); });
}

void ApiServer::stop() {
  if (!impl_->thread.joinable()) return;
  TaskScope stopping(impl_->io->get_executor());
  // Spawned on the API thread: the scope is used by that thread alone until it has ended.
  asio::post(*impl_->io,
             [&] { stopping.spawn(impl_->shut_down(), [this](std::exception_ptr) { impl_->io->stop(); }); });
  impl_->thread.join();
}

int ApiServer::port() const {
  if (!impl_->thread.joinable()) return 0;
  return impl_->on_api_thread([this] { return impl_->server.port(); });
}

}  // namespace tamada
