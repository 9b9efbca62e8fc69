// Certificate, key and rules of a TLS listener. Immutable: a reload makes another one and connections already open keep
// theirs. Safe to share between threads.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;

namespace tamada {

enum class TlsVerify {
  None,      // client certificates are not asked for
  Optional,  // asked for; one that does not verify fails the handshake
  Required,  // the handshake fails without one
};

struct TlsServerSettings {
  std::string certfile;
  std::string keyfile;           // empty = the key is in certfile
  std::string keyfile_password;  // never logged
  std::string cafile;            // empty = the system's store
  std::string ciphers;           // OpenSSL cipher list, up to TLS 1.2; empty = OpenSSL's default
  TlsVerify verify = TlsVerify::None;
  bool operator==(const TlsServerSettings&) const = default;
};

class TlsServerContext {
 public:
  // Reads all files. Errors: Io or Invalid, naming the file and OpenSSL's reason.
  static Result<std::shared_ptr<const TlsServerContext>> load(const TlsServerSettings& settings);
  ~TlsServerContext();
  TlsServerContext(const TlsServerContext&) = delete;
  TlsServerContext& operator=(const TlsServerContext&) = delete;

  // For one connection; whoever takes it frees it.
  SSL* new_session() const;
  // Hexadecimal serial number of the certificate, for the log.
  const std::string& serial() const { return serial_; }

 private:
  explicit TlsServerContext(SSL_CTX* context) : context_(context) {}
  SSL_CTX* context_;
  std::string serial_;
};

// True when the peer presented a certificate and it was verified.
bool tls_peer_verified(const SSL* session);

}  // namespace tamada
