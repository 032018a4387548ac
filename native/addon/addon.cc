// The core behind Node-API: one function, run on a worker thread, that returns the JSON report as text.
#include <napi.h>

#include <string>

extern "C" {
#include "dmaheap.h"
#include "report.h"
}

namespace {

// A plain copy of the request: the worker thread must not touch JavaScript values.
struct Request {
  std::string root, expect, as, import;
  bool has_expect = false, has_as = false, has_import = false, deep = false;
  uint32_t wait_ms = 0, limit_ms = 0, care = 0;
};

class VerifyWorker : public Napi::AsyncWorker {
 public:
  VerifyWorker(Napi::Env env, Request request)
      : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), request_(std::move(request)) {}

  Napi::Promise Promise() const { return deferred_.Promise(); }

  void Execute() override {
    output out{};
    out.write = Append;
    out.context = &json_;
    report report{};
    report.out = &out;
    report.timing = true;
    dh_options options{};
    options.root = request_.root.c_str();
    options.expect = request_.has_expect ? request_.expect.c_str() : nullptr;
    options.as = request_.has_as ? request_.as.c_str() : nullptr;
    options.import = request_.has_import ? request_.import.c_str() : nullptr;
    options.deep = request_.deep;
    options.care = static_cast<dh_care>(request_.care);
    options.wait_ms = request_.wait_ms;
    options.limit_ms = request_.limit_ms;
    dh_sink sink = report_sink(&REPORT_JSON, &report);
    dh_summary summary;
    ran_ = dh_verify(&options, &sink, &summary, &error_);
    put_end(&out);
  }

  void OnOK() override {
    Napi::HandleScope scope(Env());
    Napi::Object answer = Napi::Object::New(Env());
    if (ran_) {
      answer.Set("report", json_);
    } else {
      answer.Set("line", error_.line);
      answer.Set("message", std::string(error_.message));
      answer.Set("fix", error_.fix);
    }
    deferred_.Resolve(answer);
  }

  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  static bool Append(void* context, const char* data, size_t length) {
    static_cast<std::string*>(context)->append(data, length);
    return true;
  }

  Napi::Promise::Deferred deferred_;
  Request request_;
  std::string json_;
  dh_error error_{};
  bool ran_ = false;
};

std::string Text(const Napi::Object& options, const char* name, bool* present) {
  Napi::Value value = options.Get(name);
  *present = value.IsString();
  return *present ? value.As<Napi::String>().Utf8Value() : std::string();
}

uint32_t Number(const Napi::Object& options, const char* name) {
  Napi::Value value = options.Get(name);
  return value.IsNumber() ? value.As<Napi::Number>().Uint32Value() : 0;
}

// verify({ root, expect, as, import, deep, waitMs, limitMs }): the TypeScript side checks and names the arguments.
Napi::Value Verify(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 1 || !info[0].IsObject()) {
    Napi::TypeError::New(env, "verify expects an options object").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Napi::Object options = info[0].As<Napi::Object>();
  Request request;
  bool ignored;
  request.root = Text(options, "root", &ignored);
  request.expect = Text(options, "expect", &request.has_expect);
  request.as = Text(options, "as", &request.has_as);
  request.import = Text(options, "import", &request.has_import);
  request.deep = options.Get("deep").ToBoolean().Value();
  request.wait_ms = Number(options, "waitMs");
  request.limit_ms = Number(options, "limitMs");
  request.care = Number(options, "care");
  auto* worker = new VerifyWorker(env, std::move(request));
  Napi::Promise promise = worker->Promise();
  worker->Queue();
  return promise;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("version", DH_VERSION);
  exports.Set("verify", Napi::Function::New(env, Verify, "verify"));
  return exports;
}

}  // namespace

NODE_API_MODULE(dmaheap, Init)
