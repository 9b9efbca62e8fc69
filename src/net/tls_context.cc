#include "net/tls_context.h"

#include <cstring>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <fmt/format.h>

namespace tamada {

namespace {

std::string openssl_reason() {
  unsigned long code = ERR_peek_error();  // the first one is the cause
  ERR_clear_error();
  if (code == 0) return "unknown reason";
  const char* reason = ERR_reason_error_string(code);
  // System errors (file not found) carry errno instead of an OpenSSL reason.
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  return reason != nullptr ? reason : fmt::format("code {:#x}", code);
}

Error file_error(std::string_view key, const std::string& file) {
  return Error(ErrorCode::Invalid, fmt::format("cannot use restapi.{} \"{}\": {}", key, file, openssl_reason()),
               "check that the file exists, is PEM and is readable by this user");
}

int give_password(char* out, int size, int, void* password) {
  const auto* text = static_cast<const std::string*>(password);
  if (text->empty() || static_cast<int>(text->size()) > size) return -1;
  std::memcpy(out, text->data(), text->size());
  return static_cast<int>(text->size());
}

std::string serial_of(SSL_CTX* context) {
  X509* certificate = SSL_CTX_get0_certificate(context);
  if (certificate == nullptr) return {};
  BIGNUM* number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
  if (number == nullptr) return {};
  char* text = BN_bn2hex(number);
  std::string serial = text != nullptr ? text : "";
  OPENSSL_free(text);
  BN_free(number);
  return serial;
}

Result<void> load_key_pair(SSL_CTX* context, const TlsServerSettings& settings) {
  // Also without a password: OpenSSL's own callback would ask at the terminal.
  SSL_CTX_set_default_passwd_cb(context, give_password);
  SSL_CTX_set_default_passwd_cb_userdata(context, const_cast<std::string*>(&settings.keyfile_password));
  if (SSL_CTX_use_certificate_chain_file(context, settings.certfile.c_str()) != 1) {
    return file_error("certfile", settings.certfile);
  }
  const bool separate = !settings.keyfile.empty();
  const std::string& keyfile = separate ? settings.keyfile : settings.certfile;
  const int loaded = SSL_CTX_use_PrivateKey_file(context, keyfile.c_str(), SSL_FILETYPE_PEM);
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  SSL_CTX_set_default_passwd_cb(context, nullptr);
  if (loaded != 1) return file_error(separate ? "keyfile" : "certfile", keyfile);
  if (SSL_CTX_check_private_key(context) != 1) return file_error(separate ? "keyfile" : "certfile", keyfile);
  return {};
}

Result<void> apply_verification(SSL_CTX* context, const TlsServerSettings& settings) {
  if (settings.verify == TlsVerify::None) {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    return {};
  }
  if (settings.cafile.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else {
    if (SSL_CTX_load_verify_locations(context, settings.cafile.c_str(), nullptr) != 1) {
      return file_error("cafile", settings.cafile);
    }
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(settings.cafile.c_str()));
  }
  int mode = SSL_VERIFY_PEER;
  if (settings.verify == TlsVerify::Required) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  SSL_CTX_set_verify(context, mode, nullptr);
  return {};
}

}  // namespace

Result<std::shared_ptr<const TlsServerContext>> TlsServerContext::load(const TlsServerSettings& settings) {
  ERR_clear_error();
  SSL_CTX* raw = SSL_CTX_new(TLS_server_method());
  if (raw == nullptr) return Error(ErrorCode::Failed, fmt::format("cannot prepare TLS: {}", openssl_reason()));
  std::shared_ptr<TlsServerContext> context(new TlsServerContext(raw));
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Without an id OpenSSL refuses to resume a session of a client that showed a certificate.
  static constexpr unsigned char kSessionId[] = "tamada-rest";
  SSL_CTX_set_session_id_context(raw, kSessionId, sizeof kSessionId - 1);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  if (!settings.ciphers.empty() && SSL_CTX_set_cipher_list(raw, settings.ciphers.c_str()) != 1) {
    return Error(ErrorCode::Invalid,
                 fmt::format("restapi.ciphers \"{}\" selects no cipher: {}", settings.ciphers, openssl_reason()),
                 "openssl ciphers -v '<list>' shows what a list selects");
  }
  auto keys = load_key_pair(raw, settings);
  if (!keys) return keys.error();
  auto verification = apply_verification(raw, settings);
  if (!verification) return verification.error();
  context->serial_ = serial_of(raw);
  return std::shared_ptr<const TlsServerContext>(std::move(context));
}

TlsServerContext::~TlsServerContext() {
  SSL_CTX_free(context_);
}

SSL* TlsServerContext::new_session() const {
  return SSL_new(context_);
}

bool tls_peer_verified(const SSL* session) {
  return SSL_get0_peer_certificate(session) != nullptr && SSL_get_verify_result(session) == X509_V_OK;
}

}  // namespace tamada
