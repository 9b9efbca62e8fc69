// Questions that a client puts to another member through this one: a page may reach no further than the member that
// serves it. API thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api/engine_client.h"
#include "api/query_string.h"
#include "api/replies.h"
#include "net/curl_transport.h"

namespace tamada {

class MemberQuestions {
 public:
  static constexpr std::chrono::seconds kPatience{2};

  MemberQuestions(Executor executor, EngineClient& engine, Resolver& resolver);

  // GET /explain of `member` with the other parameters of `query`. Its answer; 404 for a name that is no member's, 502
  // with the reason when there is no answer or none of this kind. Without credentials, and never handed on further.
  Task<HttpReply> explain(std::string member, QueryString query);

 private:
  EngineClient& engine_;
  CurlTransport transport_;
  std::shared_ptr<const Settings> used_;  // by the transport
};

}  // namespace tamada
