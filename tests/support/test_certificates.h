// A certificate authority and certificates made with the openssl program, in a directory of their own that is removed
// at the end.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace tamada::test {

class TestCertificates {
 public:
  TestCertificates() {
    char name[] = "/tmp/tamada-tls-XXXXXX";
    dir_ = ::mkdtemp(name);
    run("openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=test-ca");
    issue("server");
    issue("client");
  }
  ~TestCertificates() { std::filesystem::remove_all(dir_); }

  // <name>.key and <name>.crt for localhost and 127.0.0.1, with a new serial number each time.
  void issue(const std::string& name) {
    run("openssl req -newkey rsa:2048 -nodes -keyout " + name + ".key -out " + name + ".csr -subj /CN=localhost");
    run("printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > san.ext");
    run("openssl x509 -req -in " + name +
        ".csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile san.ext -out " + name + ".crt");
  }
  // An encrypted copy of <name>.key.
  void encrypt_key(const std::string& name, const std::string& password) {
    run("openssl rsa -aes256 -in " + name + ".key -out " + name + ".enc.key -passout pass:" + password);
  }
  std::string path(const std::string& file) const { return dir_ + "/" + file; }

  // Standard output of a command run in the directory.
  std::string output_of(const std::string& command) const {
    run("{ " + command + "; } > command.out 2>&1 < /dev/null; true");
    std::string text;
    if (FILE* f = std::fopen(path("command.out").c_str(), "r")) {
      char chunk[4096];
      for (std::size_t n; (n = std::fread(chunk, 1, sizeof chunk, f)) > 0;) text.append(chunk, n);
      std::fclose(f);
    }
    return text;
  }

 private:
  void run(const std::string& command) const {
    const std::string line = "cd " + dir_ + " && ( " + command + " ) 2>>openssl.log";
    if (std::system(line.c_str()) != 0) std::abort();
  }
  std::string dir_;
};

}  // namespace tamada::test
