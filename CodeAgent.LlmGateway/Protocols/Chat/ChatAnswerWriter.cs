using System.Buffers;
using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Chat;

/// <summary>
/// Says an answer as a chat completion, whole or in pieces: first the role, then what comes, then why it ended, and what was
/// used if that was asked for. Reasoning goes into <c>reasoning_content</c>, as DeepSeek and vLLM have it; what must be handed
/// back with it into <c>reasoning_details</c>, as OpenRouter has it.
/// </summary>
internal sealed class ChatAnswerWriter(ModelRequest request, TimeProvider time) : AnswerWriter
{
    private readonly JsonEvents _events = new();
    private readonly StringBuilder _text = new(), _refusal = new(), _reasoning = new();
    private readonly StringBuilder _thought = new();
    private readonly List<ChatDetail> _details = [];
    private readonly SortedDictionary<int, (AnswerEvent.ToolCall Call, StringBuilder Arguments)> _calls = [];
    private string _id = "chatcmpl-", _model = request.Model;
    private long _created;
    private bool _hasRefusal, _failed;
    private TokenUsage? _usage;
    private string? _finish;

    public override void Write(AnswerEvent answerEvent, IBufferWriter<byte> output)
    {
        if (_failed)
        {
            return;
        }

        switch (answerEvent)
        {
            case AnswerEvent.Started started:
                (_id, _model) = (AnswerIds.With("chatcmpl-", started.Id), started.Model);
                _created = started.Created ?? time.GetUtcNow().ToUnixTimeSeconds();
                break;
            case AnswerEvent.Refusal:
                _hasRefusal = true;
                break;
            case AnswerEvent.Usage usage:
                _usage = usage.Tokens;
                return;
            case AnswerEvent.Finished finished:
                _finish = Reason(finished.Reason);
                break;
            case AnswerEvent.Failed failed:
                _failed = true;
                output.Write(request.IsStream ? ChatErrors.InStream(failed.Error) : OpenAiErrors.Write(failed.Error));
                return;
        }

        if (request.IsStream)
        {
            Piece(answerEvent, output);
        }
        else
        {
            Collect(answerEvent);
        }
    }

    public override void End(IBufferWriter<byte> output)
    {
        if (_failed)
        {
            return;
        }

        if (_finish is null)
        {
            Write(AnswerEvent.Failed.BrokeOff, output);
            return;
        }

        if (!request.IsStream)
        {
            Whole(output);
            return;
        }

        if (request.AsksForUsage && _usage is not null)
        {
            var json = Begin(output);
            json.WriteStartArray("choices"u8);
            json.WriteEndArray();
            ChatUsage.Write(json, _usage);
            json.WriteEndObject();
            _events.End();
        }

        output.Write("data: [DONE]\n\n"u8);
    }

    private void Piece(AnswerEvent answerEvent, IBufferWriter<byte> output)
    {
        var json = Begin(output);
        json.WriteStartArray("choices"u8);
        json.WriteStartObject();
        json.WriteNumber("index"u8, 0);
        json.WriteStartObject("delta"u8);
        Delta(json, answerEvent);
        json.WriteEndObject();
        json.WriteString("finish_reason"u8, answerEvent is AnswerEvent.Finished ? _finish : null);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        _events.End();
    }

    private Utf8JsonWriter Begin(IBufferWriter<byte> output)
    {
        var json = request.IsStream ? _events.BeginEvent(output) : _events.Begin(output);
        json.WriteStartObject();
        json.WriteString("id"u8, _id);
        json.WriteString("object"u8, request.IsStream ? "chat.completion.chunk"u8 : "chat.completion"u8);
        json.WriteNumber("created"u8, _created);
        json.WriteString("model"u8, _model);
        return json;
    }

    private void Delta(Utf8JsonWriter json, AnswerEvent answerEvent)
    {
        switch (answerEvent)
        {
            case AnswerEvent.Started:
                json.WriteString("role"u8, "assistant"u8);
                json.WriteString("content"u8, ""u8);
                break;
            case AnswerEvent.Text text:
                json.WriteString("content"u8, text.Delta);
                break;
            case AnswerEvent.Refusal refusal:
                json.WriteString("refusal"u8, refusal.Delta);
                break;
            case AnswerEvent.Reasoning reasoning:
                // Twice, as OpenRouter does: clients know either field, and put a detail together by its index.
                json.WriteString("reasoning_content"u8, reasoning.Delta);
                ChatReasoning.Write(json, [new(IsRedacted: false, Value: null, reasoning.Delta, _details.Count)]);
                break;
            case AnswerEvent.ReasoningSignature signature:
                ChatReasoning.Write(json, [Detail(isRedacted: false, signature.Signature)]);
                break;
            case AnswerEvent.RedactedReasoning redacted:
                ChatReasoning.Write(json, [Detail(isRedacted: true, redacted.Data)]);
                break;
            case AnswerEvent.ToolCall call:
                json.WriteStartArray("tool_calls"u8);
                Call(json, call, call.Index, "");
                json.WriteEndArray();
                break;
            case AnswerEvent.Arguments arguments:
                json.WriteStartArray("tool_calls"u8);
                json.WriteStartObject();
                json.WriteNumber("index"u8, arguments.Index);
                json.WriteStartObject("function"u8);
                json.WriteString("arguments"u8, arguments.Delta);
                json.WriteEndObject();
                json.WriteEndObject();
                json.WriteEndArray();
                break;
        }
    }

    // With the text that it is for, which several blocks would mix up otherwise; in a stream that was told before.
    private ChatDetail Detail(bool isRedacted, string value)
    {
        var detail = new ChatDetail(isRedacted, value, isRedacted || _thought.Length == 0 ? null : _thought.ToString(), _details.Count);
        if (!isRedacted)
        {
            _thought.Clear();
        }

        _details.Add(detail);
        return detail;
    }

    private static void Call(Utf8JsonWriter json, AnswerEvent.ToolCall call, int? index, string arguments)
    {
        json.WriteStartObject();
        if (index is { } i)
        {
            json.WriteNumber("index"u8, i);
        }

        json.WriteString("id"u8, call.Id);
        json.WriteString("type"u8, "function"u8);
        json.WriteStartObject("function"u8);
        json.WriteString("name"u8, call.Name);
        json.WriteString("arguments"u8, arguments);
        json.WriteEndObject();
        ChatReasoning.WriteCallSignature(json, call.Signature);
        json.WriteEndObject();
    }

    private void Collect(AnswerEvent answerEvent)
    {
        switch (answerEvent)
        {
            case AnswerEvent.Text text:
                _text.Append(text.Delta);
                break;
            case AnswerEvent.Refusal refusal:
                _refusal.Append(refusal.Delta);
                break;
            case AnswerEvent.Reasoning reasoning:
                _thought.Append(reasoning.Delta);
                _reasoning.Append(reasoning.Delta);
                break;
            case AnswerEvent.ReasoningSignature signature:
                Detail(isRedacted: false, signature.Signature);
                break;
            case AnswerEvent.RedactedReasoning redacted:
                Detail(isRedacted: true, redacted.Data);
                break;
            case AnswerEvent.ToolCall call:
                _calls[call.Index] = (call, new());
                break;
            case AnswerEvent.Arguments arguments:
                _calls[arguments.Index].Arguments.Append(arguments.Delta);
                break;
        }
    }

    private void Whole(IBufferWriter<byte> output)
    {
        var json = Begin(output);
        json.WriteStartArray("choices"u8);
        json.WriteStartObject();
        json.WriteNumber("index"u8, 0);
        json.WriteStartObject("message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteString("content"u8, _text.Length > 0 ? _text.ToString() : null);
        if (_hasRefusal)
        {
            json.WriteString("refusal"u8, _refusal.ToString());
        }

        if (_reasoning.Length > 0)
        {
            json.WriteString("reasoning_content"u8, _reasoning.ToString());
        }

        if (_details.Count > 0)
        {
            ChatReasoning.Write(json, _details);
        }

        if (_calls.Count > 0)
        {
            json.WriteStartArray("tool_calls"u8);
            foreach (var (call, arguments) in _calls.Values)
            {
                Call(json, call, null, arguments.ToString());
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteString("finish_reason"u8, _finish);
        json.WriteEndObject();
        json.WriteEndArray();
        ChatUsage.Write(json, _usage);
        json.WriteEndObject();
        _events.End();
    }

    // A refusal in words ends like any answer here; one without words is told as what a filter did.
    private string Reason(FinishReason reason) => reason switch
    {
        FinishReason.Length => "length",
        FinishReason.ToolCalls => "tool_calls",
        FinishReason.Filtered => "content_filter",
        FinishReason.Refused => _hasRefusal ? "stop" : "content_filter",
        _ => "stop",
    };
}
