#pragma once

// What a worker asks of the network: knock on a gate port, visit a host. The engine (engine.h) does
// it with real sockets; tests and simulations have their own.
//
// A request is under a ContactPolicy, shared by all requests of one job. Results come by callback,
// never from inside Knock or Visit themselves.
//
// Threads: one; callbacks run in it. What a policy holds (make_survey, may_contact) is called in
// the threads of the engine, several at a time when it has several; what make_survey makes stays in
// the thread that asked.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "worker/engine/run_pacer.h"
#include "worker/probe/probe.h"

namespace hark {

// What one connect() to the gate port showed.
enum class KnockResult : uint8_t {
  kAnswered,     // the handshake completed; closed again at once, nothing was said
  kRefused,      // RST
  kSilent,       // nothing before the connect timeout
  kUnreachable,  // an ICMP error or no route
  kExcluded,     // may_contact said no and nothing was sent, or Abort
  kLocalError,   // our side failed several times; says nothing about the peer
  kNotSent,      // the policy's permission was withdrawn before anything was sent
};

// How far the requests of a job may go.
enum class Permission : uint8_t {
  kGo,
  kFinishStarted,  // no new targets; hosts being visited are visited to the end
  kStop,           // no new connection at all; open ones end by themselves
};

// The survey of one port; HTTP wants to name the host.
using SurveyMaker = std::function<std::unique_ptr<PortSurvey>(uint16_t port, const Address& host)>;
using ContactFilter = std::function<bool(const Address&)>;

struct ContactPolicy {
  Duration connect_timeout = std::chrono::seconds(4);
  // One visit, all ports and pauses. Whatever a host does, it is over after this: the batch that
  // waits for it is the reason for a limit.
  Duration host_time_limit = std::chrono::minutes(10);
  // Hosts that were connected to on every port asked are tried on so many odd ports at the end of
  // the visit, until one does not answer: docs/discovery.md. Which ports: by the key and the host.
  int canary_ports = 0;
  uint64_t canary_key = 0;
  SurveyMaker make_survey;    // needed for visits
  ContactFilter may_contact;  // asked directly before every connect
  // The run's own rates; nullptr = only the prober's ceiling. Set before the first request.
  PacerPtr pacer;
  // Changed through Prober::SetPermission only; read by whoever works for the job.
  std::atomic<Permission> permission = Permission::kGo;
};

struct VisitResult {
  enum class End : uint8_t {
    kVisited,
    kExcluded,  // may_contact said no, or Abort; ports holds those finished before
    kNotSent,   // permission withdrawn; ports is empty, the host has to be visited anew
  };
  End end = End::kVisited;
  int64_t started_unix_ms = 0;
  Duration duration{0};
  std::vector<PortObservation> ports;  // kVisited: one a port, in the order asked
  bool answers_all = false;            // all canary ports accepted a connection
};

using KnockCallback = std::function<void(KnockResult)>;
using VisitCallback = std::function<void(VisitResult)>;
using PolicyPtr = std::shared_ptr<ContactPolicy>;
// Which requests to abort. Asked in the engines' threads, several at a time.
using AbortFilter = std::function<bool(const ContactPolicy&, const Address&)>;

class Prober {
 public:
  virtual ~Prober() = default;

  virtual void Knock(PolicyPtr policy, const Address& address, uint16_t port,
                     KnockCallback done) = 0;
  // All ports of one host, one connection at a time.
  virtual void Visit(PolicyPtr policy, const Address& address, std::vector<uint16_t> ports,
                     VisitCallback done) = 0;

  // How many more knocks (visits) are wanted now to keep going without a long queue.
  virtual size_t KnockRoom() const = 0;
  virtual size_t VisitRoom() const = 0;

  // The same for requests under that policy, whose run may be slower than the rest and have more
  // standing aside.
  virtual size_t KnockRoomFor(const ContactPolicy&) const { return KnockRoom(); }
  virtual size_t VisitRoomFor(const ContactPolicy&) const { return VisitRoom(); }

  // The ceiling of connection attempts a second, 0 = nothing is sent; and of open sockets.
  virtual void SetRate(double per_second) = 0;
  virtual void SetMaxInFlight(size_t sockets) = 0;

  // Requests the new permission forbids come back as kNotSent, before this returns.
  virtual void SetPermission(const PolicyPtr& policy, Permission permission) = 0;

  // What the filter selects, queued or under way, comes back as kExcluded before this returns. Open
  // connections are reset (SO_LINGER 0): nothing leaves for their hosts afterwards.
  virtual void Abort(const AbortFilter& filter) = 0;
};

}  // namespace hark
