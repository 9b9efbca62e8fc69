#include "postgres/post_bootstrap_run.h"

#include <fmt/format.h>

#include "base/text.h"
#include "host/blocking_pool.h"
#include "host/files.h"
#include "postgres/config_files.h"
#include "postgres/libpq_status_query.h"
#include "postgres/local_address.h"
#include "postgres/role_sql.h"
#include "postgres/version_table.h"

namespace tamada {

namespace {

constexpr Duration kStatementPatience = 60s;

std::string credential(const Credentials& credentials, const std::string& key) {
  auto it = credentials.find(key);
  return it == credentials.end() ? std::string() : it->second;
}

// One session for all roles, with its statements kept out of the logs.
class RoleMaker {
 public:
  explicit RoleMaker(DataContext context) : context_(std::move(context)), connection_(context_.pg) {}

  Task<Result<void>> open() {
    PgSessionOptions options = local_session_options(*context_.settings, "Patroni bootstrap");
    options.statement_timeout = std::chrono::milliseconds(0);
    options.local_commit = true;
    auto opened = co_await connection_.open(std::move(options), deadline());
    if (!opened) co_return opened;
    for (auto& statement : quiet_session_statements()) {
      // Unknown on an older server, or an extension's: then there is nothing to switch off.
      (void)co_await connection_.query(std::move(statement), deadline());
      if (!connection_.is_open()) co_return Error(ErrorCode::Unavailable, "postgres closed the bootstrap session");
    }
    auto method = co_await connection_.query("SHOW password_encryption", deadline());
    if (!method) co_return method.error();
    password_method_ = method->value(0, 0);
    co_return Result<void>();
  }

  int version() const { return connection_.server_version(); }

  Task<Result<void>> make(RoleWish wish) {
    auto found = co_await connection_.query("SELECT 1 FROM pg_roles WHERE rolname = $1", {wish.name}, deadline());
    if (!found) co_return found.error();
    std::string verifier;
    if (!wish.password.empty()) {
      auto encrypted = connection_.encrypt_password(wish.name, wish.password, password_method_);
      if (!encrypted) co_return encrypted.error();
      verifier = connection_.quote_literal(*encrypted);
    }
    std::string statement =
        role_statement(!found->rows.empty(), connection_.quote_identifier(wish.name), wish.options, verifier);
    auto made = co_await connection_.query(std::move(statement), deadline());
    if (!made) co_return made.error().wrap(fmt::format("role '{}' could not be made", wish.name));
    co_return Result<void>();
  }

  Task<Result<void>> grant_rewind(std::string name) {
    for (auto& statement : rewind_grants(connection_.quote_identifier(name))) {
      auto granted = co_await connection_.query(std::move(statement), deadline());
      if (!granted) co_return granted.error().wrap(fmt::format("role '{}' could not be allowed to rewind", name));
    }
    co_return Result<void>();
  }

 private:
  Instant deadline() const { return context_.pg.clock.now() + kStatementPatience; }

  DataContext context_;
  PgConnection connection_;
  std::string password_method_;
};

RoleWish wish_of(const Credentials& credentials, std::vector<std::string> options) {
  return {credential(credentials, "username"), credential(credentials, "password"), std::move(options)};
}

Task<Result<void>> run_user_script(DataContext context, Instant deadline) {
  const std::string& command = context.settings->bootstrap.post_bootstrap;
  if (command.empty()) co_return Result<void>();
  auto argv = split_command(command);
  if (!argv) co_return argv.error().wrap("post_bootstrap cannot be run");
  if (argv->empty()) co_return Result<void>();
  ConnectTarget target = local_target(context.postgres(), LocalUse::Sql);
  Conninfo info = make_conninfo(context.postgres().superuser, target, context.postgres().database).without("password");
  argv->push_back(info.url());
  auto environment = co_await write_pgpass(context, target, context.postgres().superuser, deadline);
  if (!environment) co_return environment.error();
  if (context.settings->compatibility != Compatibility::V1_5)
    (*environment)["PGOPTIONS"] = "-c synchronous_commit=local -c statement_timeout=0";
  context.log.info("running post_bootstrap: {}", command);
  ScriptRun run{.argv = std::move(*argv), .environment = std::move(*environment)};
  auto exit = co_await run_script_program(context, std::move(run), deadline);
  co_return require_success(exit, "post_bootstrap");
}

Task<Result<void>> make_service_roles(DataContext context) {
  const PostgresSettings& postgres = context.postgres();
  RoleMaker maker(context);
  auto opened = co_await maker.open();
  if (!opened) co_return opened;
  if (!credential(postgres.replication, "username").empty()) {
    auto made = co_await maker.make(wish_of(postgres.replication, {"REPLICATION", "LOGIN"}));
    if (!made) co_return made;
  }
  std::string rewind = credential(postgres.rewind, "username");
  if (postgres.rewind_configured && !rewind.empty() && pg_version(maker.version()).rewind_without_superuser &&
      rewind != credential(postgres.superuser, "username")) {
    auto made = co_await maker.make(wish_of(postgres.rewind, {"LOGIN"}));
    if (made) made = co_await maker.grant_rewind(rewind);
    if (!made) co_return made;
  }
  if (context.settings->bootstrap.users.empty()) co_return Result<void>();
  if (context.settings->compatibility == Compatibility::V4_1) {
    context.log.warning("bootstrap.users is read here, but no Patroni member from 4.0 on would make these users");
  }
  auto users = wished_users(context.settings->bootstrap.users);
  if (!users) co_return users.error();
  for (auto& user : *users) {
    if (user.name == credential(postgres.superuser, "username") ||
        user.name == credential(postgres.replication, "username")) {
      continue;
    }
    auto made = co_await maker.make(std::move(user));
    if (!made) co_return made;
  }
  co_return Result<void>();
}

Task<Result<void>> make_superuser(DataContext context) {
  const Credentials& superuser = context.postgres().superuser;
  if (credential(superuser, "username").empty() || credential(superuser, "password").empty()) co_return Result<void>();
  RoleMaker maker(context);
  auto opened = co_await maker.open();
  if (!opened) co_return opened;
  co_return co_await maker.make(wish_of(superuser, {"SUPERUSER", "LOGIN"}));
}

}  // namespace

Task<Result<void>> run_post_bootstrap(DataContext context, Instant deadline) {
  auto superuser = co_await make_superuser(context);
  if (!superuser) co_return superuser;
  auto script = co_await run_user_script(context, deadline);
  if (!script) co_return script;
  auto roles = co_await make_service_roles(context);
  if (!roles) co_return roles;
  auto work = [paths = config_paths(*context.settings)]() -> Result<void> { return end_custom_bootstrap(paths); };
  co_return co_await context.pg.pool.run("ending the custom bootstrap", work, deadline);
}

}  // namespace tamada
