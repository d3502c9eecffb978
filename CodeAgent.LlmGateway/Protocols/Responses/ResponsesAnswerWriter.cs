using System.Buffers;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Responses;

/// <summary>
/// Says an answer as a response, whole or as its events: each item of the output is added, grows, and is done. Calls of tools
/// stay open until the answer ends or something else begins, since fragments of several may come in turns.
/// </summary>
internal sealed partial class ResponsesAnswerWriter(ModelRequest request, TimeProvider time) : AnswerWriter
{
    private readonly ResponsesTools _tools = ResponsesTools.Of(request.Body.Span);
    private readonly List<OutputItem> _done = [];
    private readonly SortedDictionary<int, CallItem> _calls = [];
    private ReasoningItem? _reasoning;
    private MessageItem? _message;
    private string _id = "resp_", _model = request.Model;
    private long _created;
    private int _items;
    private TokenUsage? _usage;
    private FinishReason? _finish;
    private bool _failed, _hasRefusal;

    private bool IsWhole => _finish is not (FinishReason.Length or FinishReason.Filtered);

    public override void Write(AnswerEvent answerEvent, IBufferWriter<byte> output)
    {
        if (_failed)
        {
            return;
        }

        switch (answerEvent)
        {
            case AnswerEvent.Started started:
                (_id, _model) = (AnswerIds.With("resp_", started.Id), started.Model);
                _created = started.Created ?? time.GetUtcNow().ToUnixTimeSeconds();
                Response(output, "response.created"u8, "in_progress"u8);
                Response(output, "response.in_progress"u8, "in_progress"u8);
                break;
            case AnswerEvent.Text text:
                Say(text.Delta, isRefusal: false, output);
                break;
            case AnswerEvent.Refusal refusal:
                _hasRefusal = true;
                Say(refusal.Delta, isRefusal: true, output);
                break;
            case AnswerEvent.Reasoning reasoning:
                Think(reasoning.Delta, output);
                break;
            case AnswerEvent.ReasoningSignature signature:
                Sign(signature.Signature, output);
                break;
            case AnswerEvent.RedactedReasoning redacted:
                CloseReasoning(output);
                Sign(ResponsesSignatures.OfRedacted(redacted.Data), output);
                break;
            case AnswerEvent.ToolCall call:
                Call(call, output);
                break;
            case AnswerEvent.Arguments arguments:
                Argue(arguments, output);
                break;
            case AnswerEvent.Usage usage:
                _usage = usage.Tokens;
                break;
            case AnswerEvent.Finished finished:
                // A refusal without words is told as what a filter did.
                _finish = finished.Reason == FinishReason.Refused && !_hasRefusal ? FinishReason.Filtered : finished.Reason;
                Cut();
                CloseAll(output);
                break;
            case AnswerEvent.Failed failed:
                Fail(failed.Error, output);
                break;
        }
    }

    // The usage may come after the reason why it ended, so only now is the last event known.
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

        var status = IsWhole ? "completed"u8 : "incomplete"u8;
        if (request.IsStream)
        {
            Response(output, IsWhole ? "response.completed"u8 : "response.incomplete"u8, status);
            return;
        }

        Response(_events.Begin(output), status);
        _events.End();
    }

    private void Say(string delta, bool isRefusal, IBufferWriter<byte> output)
    {
        CloseReasoning(output);
        CloseCalls(output);
        if (_message is null)
        {
            _message = new(ItemId("msg"), _items++);
            Added(_message, output);
        }

        if (_message.Parts.Count == 0 || _message.Parts[^1].IsRefusal != isRefusal)
        {
            ClosePart(output);
            _message.Parts.Add((isRefusal, new()));
            Part(output, "response.content_part.added"u8, isRefusal, "");
        }

        _message.Parts[^1].Text.Append(delta);
        Delta(output, isRefusal ? "response.refusal.delta"u8 : "response.output_text.delta"u8, _message, delta);
    }

    private void Think(string delta, IBufferWriter<byte> output)
    {
        CloseMessage(output);
        CloseCalls(output);
        if (_reasoning is null)
        {
            _reasoning = new(ItemId("rs"), _items++);
            Added(_reasoning, output);
        }

        if (_reasoning.Summary.Length == 0)
        {
            Summary(output, "response.reasoning_summary_part.added"u8, "");
        }

        _reasoning.Summary.Append(delta);
        Delta(output, "response.reasoning_summary_text.delta"u8, _reasoning, delta);
    }

    // A signature closes what was thought: what comes after it is another item.
    private void Sign(string encrypted, IBufferWriter<byte> output)
    {
        CloseMessage(output);
        CloseCalls(output);
        if (_reasoning is null)
        {
            _reasoning = new(ItemId("rs"), _items++);
            Added(_reasoning, output);
        }

        _reasoning.Encrypted = Signatures.ToCaller(Protocol.Responses, encrypted);
        CloseReasoning(output);
    }

    private void Call(AnswerEvent.ToolCall call, IBufferWriter<byte> output)
    {
        CloseReasoning(output);
        CloseMessage(output);
        if (call.Signature is not null)
        {
            Sign(ResponsesSignatures.OfCall(call.Signature), output);
        }

        var (container, name) = _tools.Split(call.Name);
        var isFreeform = _tools.IsFreeform(call.Name);
        var item = new CallItem(ItemId(isFreeform ? "ctc" : "fc"), _items++, call.Id, container, name, isFreeform);
        _calls.Add(call.Index, item);
        Added(item, output);
    }

    private void Argue(AnswerEvent.Arguments arguments, IBufferWriter<byte> output)
    {
        if (!_calls.TryGetValue(arguments.Index, out var item))
        {
            Fail(new(StatusCodes.Status502BadGateway, "unsupported_upstream_answer", "The provider went back to a call of a tool that was over."), output);
            return;
        }

        item.Arguments.Append(arguments.Delta);

        // The text of a freeform call is inside of JSON that is not whole yet: it is told when it is.
        if (!item.IsFreeform)
        {
            Delta(output, "response.function_call_arguments.delta"u8, item, arguments.Delta);
        }
    }

    // What was being said when the answer was cut off is not whole either.
    private void Cut()
    {
        if (IsWhole)
        {
            return;
        }

        foreach (var item in _calls.Values.Where(call => !ToolArguments.IsObject(call.Arguments.ToString())).Cast<OutputItem?>().Append(_message))
        {
            item?.IsCut = true;
        }
    }

    private void Fail(GatewayError error, IBufferWriter<byte> output)
    {
        (_failed, Error) = (true, error);
        output.Write(request.IsStream ? ResponsesErrors.InStream(error, _number, _id) : OpenAiErrors.Write(error));
    }

    private string ItemId(string prefix) => $"{prefix}_{AnswerIds.Bare(_id)}_{_items}";
}
