namespace CodeAgent.LlmGateway.Protocols;

/// <summary>A way to talk to a model.</summary>
internal enum Protocol
{
    /// <summary>OpenAI's chat completions: <c>POST /v1/chat/completions</c>.</summary>
    Chat,

    /// <summary>OpenAI's responses: <c>POST /v1/responses</c>.</summary>
    Responses,

    /// <summary>Anthropic's messages: <c>POST /v1/messages</c>.</summary>
    Messages,

    /// <summary>Google's <c>POST /v1beta/models/{model}:generateContent</c> and <c>:streamGenerateContent</c>.</summary>
    Gemini,
}

/// <summary>What is asked of a model.</summary>
internal enum Operation
{
    Generate,
    CountTokens,
    Embed,
}
