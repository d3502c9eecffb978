using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Messages;

/// <summary>Says an answer as the stream that Anthropic's clients expect: one block after the other, each begun and ended once.</summary>
/// <param name="model">The model's name where the provider gives none.</param>
internal sealed class MessagesStreamWriter(string model) : AnswerWriter
{
    // event: content_block_delta
    // data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"…"}}
    private enum Open
    {
        Nothing,
        Text,
        Thinking,
        Call,
    }

    private readonly Utf8JsonWriter _json = NewWriter();

    // Calls that began while another one was not whole yet: their turn comes when it is.
    private readonly List<PendingCall> _waiting = [];
    private bool _isStarted;
    private bool _isFailed;
    private Open _open;
    private int _block = -1;
    private PendingCall? _call;
    private TokenUsage _usage = new(0, 0, 0, 0);
    private AnswerEvent.Finished? _finished;
    private bool _refused;

    public override void Write(AnswerEvent answerEvent, IBufferWriter<byte> output)
    {
        if (answerEvent is AnswerEvent.Text or AnswerEvent.Refusal or AnswerEvent.Reasoning or AnswerEvent.ReasoningSignature or AnswerEvent.RedactedReasoning or AnswerEvent.Finished)
        {
            EndCalls(isCut: answerEvent is AnswerEvent.Finished { Reason: FinishReason.Length }, output);
        }

        switch (answerEvent)
        {
            case AnswerEvent.Started started:
                Start(started.Id, started.Model, output);
                break;
            case AnswerEvent.Text text:
                Begin(Open.Text, output);
                Delta("text_delta", "text", text.Delta, output);
                break;
            case AnswerEvent.Refusal refusal:
                _refused = true;
                Begin(Open.Text, output);
                Delta("text_delta", "text", refusal.Delta, output);
                break;
            case AnswerEvent.Reasoning reasoning:
                Begin(Open.Thinking, output);
                Delta("thinking_delta", "thinking", reasoning.Delta, output);
                break;
            case AnswerEvent.ReasoningSignature signature:
                Sign(signature.Signature, output);
                break;
            case AnswerEvent.RedactedReasoning redacted:
                Redacted(redacted.Data, output);
                break;
            case AnswerEvent.ToolCall call when _call is { IsWhole: false } || _waiting.Count > 0:
                _waiting.Add(new(call));
                break;
            case AnswerEvent.ToolCall call:
                Call(new(call), output);
                break;
            case AnswerEvent.Arguments arguments:
                Arguments(arguments, output);
                break;
            case AnswerEvent.Usage usage:
                _usage = usage.Tokens;
                break;
            case AnswerEvent.Finished finished:
                _finished = finished;
                break;
            case AnswerEvent.Failed failed:
                Fail(failed.Error, output);
                break;
        }
    }

    public override void End(IBufferWriter<byte> output)
    {
        if (_isFailed)
        {
            return;
        }

        if (_finished is null)
        {
            Fail(AnswerEvent.Failed.BrokeOff.Error, output);
            return;
        }

        Start(null, model, output);
        Close(output);
        Event("message_delta", output, json =>
        {
            json.WriteStartObject("delta");
            json.WriteString("stop_reason", MessagesAnswerWriter.StopReason(_finished, _refused));
            json.WriteString("stop_sequence", _finished.StopSequence);
            json.WriteEndObject();
            MessagesUsage.Write(json, _usage);
        });
        Event("message_stop", output, _ => { });
    }

    // It holds nothing that would have to be disposed of: it writes straight into what it is given.
    private static Utf8JsonWriter NewWriter() => new(Stream.Null, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    private void Start(string? id, string name, IBufferWriter<byte> output)
    {
        if (_isStarted)
        {
            return;
        }

        _isStarted = true;
        Event("message_start", output, json =>
        {
            json.WriteStartObject("message");
            MessagesAnswerWriter.Head(json, id, name);
            json.WriteStartArray("content");
            json.WriteEndArray();
            json.WriteNull("stop_reason");
            json.WriteNull("stop_sequence");
            MessagesUsage.Write(json, _usage);
            json.WriteEndObject();
        });
    }

    private void Begin(Open kind, IBufferWriter<byte> output)
    {
        if (_open == kind)
        {
            return;
        }

        BeginBlock(kind, kind == Open.Text ? "text" : "thinking", output, json =>
        {
            json.WriteString(kind == Open.Text ? "text" : "thinking", "");
            if (kind == Open.Thinking)
            {
                json.WriteString("signature", "");
            }
        });
    }

    private void BeginBlock(Open kind, string type, IBufferWriter<byte> output, Action<Utf8JsonWriter> rest)
    {
        Start(null, model, output);
        Close(output);
        (_open, _block) = (kind, _block + 1);
        Event("content_block_start", output, json =>
        {
            json.WriteNumber("index", _block);
            json.WriteStartObject("content_block");
            json.WriteString("type", type);
            rest(json);
            json.WriteEndObject();
        });
    }

    private void Close(IBufferWriter<byte> output)
    {
        if (_open != Open.Nothing)
        {
            Event("content_block_stop", output, json => json.WriteNumber("index", _block));
            _open = Open.Nothing;
        }
    }

    // A signature ends its block: what is thought after it has another one.
    private void Sign(string signature, IBufferWriter<byte> output)
    {
        Begin(Open.Thinking, output);
        Delta("signature_delta", "signature", Signatures.ToCaller(Protocol.Messages, signature), output);
        Close(output);
    }

    private void Redacted(string data, IBufferWriter<byte> output)
    {
        BeginBlock(Open.Thinking, "redacted_thinking", output, json => json.WriteString("data", Signatures.ToCaller(Protocol.Messages, data)));
        Close(output);
    }

    private void Call(PendingCall pending, IBufferWriter<byte> output)
    {
        var call = pending.Call;
        if (call.Signature is { } signature)
        {
            // Anthropic's calls have no signature; as a thought without text just before the call it comes back with the conversation.
            Close(output);
            Sign(signature, output);
        }

        _call = pending;
        BeginBlock(Open.Call, "tool_use", output, json =>
        {
            json.WriteString("id", call.Id);
            json.WriteString("name", call.Name);
            json.WriteStartObject("input");
            json.WriteEndObject();
        });
        if (pending.Arguments.Length > 0)
        {
            Delta("input_json_delta", "partial_json", pending.Arguments.ToString(), output);
        }
    }

    // Blocks come one after the other here: what belongs to a later call waits until those before it are whole.
    private void Arguments(AnswerEvent.Arguments arguments, IBufferWriter<byte> output)
    {
        if (_call?.Call.Index == arguments.Index)
        {
            _call.Arguments.Append(arguments.Delta);
            if (arguments.Delta.Length > 0)
            {
                Delta("input_json_delta", "partial_json", arguments.Delta, output);
            }

            while (_waiting is [var next, ..] && _call.IsWhole)
            {
                _waiting.RemoveAt(0);
                Call(next, output);
            }
        }
        else if (_waiting.Find(call => call.Call.Index == arguments.Index) is { } later)
        {
            later.Arguments.Append(arguments.Delta);
        }
        else
        {
            Fail(new(StatusCodes.Status502BadGateway, "unsupported_upstream_answer", "The provider went back to an earlier call of a tool, which Anthropic's streams cannot say."), output);
        }
    }

    private void EndCalls(bool isCut, IBufferWriter<byte> output)
    {
        if (_call is null)
        {
            return;
        }

        // What was begun ends as it is where the limit cut it off, as with Anthropic itself; what was not is left out then.
        _ = ToolArguments.Whole(_call.Arguments, _call.Call.Name, isCut, out var error);
        foreach (var call in _waiting)
        {
            if (error is null && ToolArguments.Whole(call.Arguments, call.Call.Name, isCut, out error) is not null)
            {
                Call(call, output);
            }
        }

        if (error is not null)
        {
            Fail(error, output);
        }

        _call = null;
        _waiting.Clear();
    }

    private void Fail(GatewayError error, IBufferWriter<byte> output)
    {
        if (!_isFailed)
        {
            _isFailed = true;
            Error = error;
            output.Write("event: error\ndata: "u8);
            output.Write(MessagesErrors.Body(error));
            output.Write("\n\n"u8);
        }
    }

    private void Delta(string type, string name, string text, IBufferWriter<byte> output)
    {
        if (_isFailed)
        {
            return;
        }

        output.Write("event: content_block_delta\ndata: "u8);
        _json.Reset(output);
        _json.WriteStartObject();
        _json.WriteString("type"u8, "content_block_delta"u8);
        _json.WriteNumber("index"u8, _block);
        _json.WriteStartObject("delta"u8);
        _json.WriteString("type", type);
        _json.WriteString(name, text);
        _json.WriteEndObject();
        _json.WriteEndObject();
        _json.Flush();
        output.Write("\n\n"u8);
    }

    private void Event(string name, IBufferWriter<byte> output, Action<Utf8JsonWriter> rest)
    {
        if (_isFailed)
        {
            return;
        }

        output.Write("event: "u8);
        output.Write(Encoding.UTF8.GetBytes(name));
        output.Write("\ndata: "u8);
        _json.Reset(output);
        _json.WriteStartObject();
        _json.WriteString("type", name);
        rest(_json);
        _json.WriteEndObject();
        _json.Flush();
        output.Write("\n\n"u8);
    }

    private sealed class PendingCall(AnswerEvent.ToolCall call)
    {
        public AnswerEvent.ToolCall Call => call;

        public StringBuilder Arguments { get; } = new();

        public bool IsWhole => ToolArguments.IsObject(Arguments.ToString());
    }
}
