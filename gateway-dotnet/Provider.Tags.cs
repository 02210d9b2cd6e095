// Tags, for the verbs of Provider.cs: a put that names them, what moves the life of an entry that may have some, and what
// lists or removes by tag. The Lua is in TagScripts.cs, the indexes are TagIndex.cs's; docs/decisions/0018 says why nothing
// is lost between them.

using StackExchange.Redis;

namespace AzureCache.Gateway;

internal sealed partial class Provider
{
    /// <summary>Each costs a round trip.</summary>
    private const int IndexesOfPage = 8;

    /// <summary>Members of which all tags are asked are fewer on a page, but not fewer than these.</summary>
    private const long FewestOfPage = 20;

    /// <summary>First the index of each tag, then the entry with its tags, in one step.</summary>
    private async Task<Result> PutWithTagsAsync(Operation operation)
    {
        using var turn = turns.Take(operation.Key);
        var asked = Environment.TickCount64;
        await turn.Ready.ConfigureAwait(false);
        if (IsLate(asked)) return Result.NotApplied(Status.Timeout);
        var key = Key(operation);
        if (tagKeys.Of(key) is null) return Result.NotApplied(Status.TagKeyInvalid);
        var tags = operation.Extras!.Tags;
        Seen[] noted;
        var began = Environment.TickCount64;
        try
        {
            await tagUse.MarkAsync().ConfigureAwait(false);
            var life = TagIndex.LifeFor(FirstLife(operation));
            noted = await Task.WhenAll(tags.Select(tag => tagIndex.NoteAsync(tag, key, life))).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            return Failures.ToResult(failure, operation) with { Outcome = Outcome.NotApplied };
        }
        // A put that was held up for so long could come behind one who finds the key without tags and sweeps it.
        if (Environment.TickCount64 - began > Seen.PutMs) return Result.NotApplied(Status.Timeout);
        var putting = PutByScriptAsync(operation, noted.Min(seen => seen.AtMs) + Seen.PutMs);
        turn.Dispose();
        var result = await putting.ConfigureAwait(false);
        for (var n = 0; n < noted.Length; n++) SweepBehind(tags[n], noted[n]);
        return result;
    }

    /// <summary>
    /// What the script of an operation has to do besides, where its entry may have tags.
    /// </summary>
    /// <param name="till">of a put with tags: until when it may run, by the clock of the server</param>
    /// <returns>what to send, and whether tags are looked after: then WithoutTagsAsync has to read the answer</returns>
    private (string Script, RedisKey[] Keys, RedisValue[] Arguments, bool Tags) WithTags(
        string script, in Operation operation, RedisKey key, RedisValue[] arguments, long till)
    {
        var names = operation is { Verb: Verb.Put, Extras: { Untagged: true } or { Tags.Count: > 0 } };
        if ((!names && !tagUse.IsPossible) || tagKeys.Of(key) is not RedisKey tagged) return (script, [key], arguments, false);
        RedisKey[] keys = [key, tagged];
        if (names)
        {
            var tags = operation.Extras!.Tags.Select(tag => (RedisValue)tag);
            // On a cluster the entry's server has another clock.
            RedisValue last = IsCluster ? 0 : till;
            return (TagScripts.Naming(script), keys, [.. arguments, .. tags, operation.Extras.Tags.Count, last], true);
        }
        return operation.Verb switch
        {
            Verb.Put or Verb.Touch or Verb.Unlock => (TagScripts.Following(script), keys, arguments, true),
            Verb.Get => (TagScripts.Renewing(script), keys, arguments, true),
            Verb.Delete => (TagScripts.Ending(script), keys, arguments, true),
            Verb.Increment => (TagScripts.Beginning(script), keys, arguments, true),
            _ => (script, [key], arguments, false),
        };
    }

    /// <summary>
    /// Tells the indexes of a life that the script has given to an entry with tags; answers what the script itself did.
    /// </summary>
    private async Task<RedisResult> WithoutTagsAsync(Operation operation, RedisKey key, RedisResult answer)
    {
        if (answer.Resp2Type != ResultType.Array) return answer;
        var reads = operation.Verb == Verb.Get;
        var at = reads ? 1 : 0;
        var left = (long)answer[at];
        var named = operation.Verb == Verb.Put && operation.Extras is { Tags.Count: > 0 };
        // A put has noted them for the life it gives; only one that was kept can be longer.
        if (!named || operation.TtlKind == TtlKind.Keep)
        {
            var tags = named ? operation.Extras!.Tags : [.. Enumerable.Range(at + 1, answer.Length - at - 1).Select(n => (ReadOnlyMemory<byte>)(byte[])answer[n]!)];
            var life = TagIndex.LifeFor(left < 0 ? null : left);
            if (left != -2) await ToldAsync(Task.WhenAll(tags.Select(tag => tagIndex.ExtendAsync(tag, key, life)))).ConfigureAwait(false);
        }
        return reads ? answer[0] : RedisResult.Create(0, ResultType.Integer);
    }

    /// <summary>
    /// An index that cannot be told, or not soon, changes nothing about what was done to the entry: it lives long enough
    /// without, up to the entry's next use.
    /// </summary>
    private async Task ToldAsync(Task telling)
    {
        InBackground(telling);
        await telling.WaitAsync(TimeSpan.FromMilliseconds(deadlineMs / 4)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<Result> ListByTagAsync(Operation operation)
    {
        var (page, refusal) = await FindByTagAsync(operation, removes: false).ConfigureAwait(false);
        return refusal ?? new Result { Value = page.List(prefix.Length) };
    }

    private async Task<Result> ClearByTagAsync(Operation operation)
    {
        var underWay = false;
        try
        {
            var (page, refusal) = await FindByTagAsync(operation, removes: true, () => underWay = true).ConfigureAwait(false);
            return refusal ?? new Result { Outcome = Outcome.Applied, Value = page.Cleared(page.Keys.Count) };
        }
        catch (Exception failure)
        {
            return Failures.ToResult(failure, operation) with { Outcome = underWay ? Outcome.Unknown : Outcome.NotApplied };
        }
    }

    /// <summary>A page goes on with the index of the next tag where one has ended, for a few of them.</summary>
    /// <param name="begins">called before the first member is asked for its tags</param>
    private async Task<(KeyPage Page, Result? Refusal)> FindByTagAsync(Operation operation, bool removes, Action? begins = null)
    {
        var (tags, all) = (operation.Extras!.Tags, operation.Extras.All);
        var indexes = all ? 1 : tags.Count;
        var list = TagCursor.ListOf(operation.Key, tags, all);
        if (TagCursor.Read(operation.Value.Span, list, indexes) is not TagCursor cursor)
            return (default, Result.NotApplied(Status.CursorInvalid));
        var count = operation.TtlMs == 0 ? KeyList.MaxPageKeys : operation.TtlMs;
        if (all) count = Math.Min(count, Math.Max(count / tags.Count, FewestOfPage));
        var shown = new List<byte[]>();
        TagCursor? next = cursor;
        for (var looked = 0L; next is TagCursor at && looked < count && at.Tag < cursor.Tag + IndexesOfPage;)
        {
            var (seen, last) = await tagIndex.PageAsync(tags[at.Tag], at.Score, count - looked).ConfigureAwait(false);
            if (seen.Members.Count > 0) begins?.Invoke();
            shown.AddRange(await JudgeAsync(operation, at.Tag, seen, removes).ConfigureAwait(false));
            looked += seen.Members.Count;
            next = last != 0 ? at with { Score = last } : at.Tag + 1 < indexes ? new TagCursor(at.Tag + 1, 0) : null;
        }
        return (new KeyPage(shown, next?.Write(list)), null);
    }

    /// <summary>
    /// Those of the page. Of any of the tags a member is asked for the one in whose index it is, whatever others it carries:
    /// one that it is given between two pages could be of an index that was gone through before.
    /// </summary>
    private async Task<IEnumerable<byte[]>> JudgeAsync(Operation operation, int place, Seen seen, bool removes)
    {
        var tag = operation.Extras!.Tags[place];
        RedisValue[] asked = operation.Extras.All ? [.. operation.Extras.Tags.Select(one => (RedisValue)one)] : [tag];
        byte[] start = [.. prefix, .. operation.Key.Span];
        var members = seen.Members.Where(member => member.Key.AsSpan().StartsWith(start)).ToList();
        var told = await Task.WhenAll(members.Select(member => TellAsync(member.Key))).ConfigureAwait(false);
        var stale = members.Where((_, n) => told[n] == 0 || (told[n] == 2 && removes)).Select(member => member.Key).ToHashSet();
        InBackground(tagIndex.SweepAsync(tag, seen.Settled().Where(member => stale.Contains(member.Key)).Select(member => (member, false))));
        return members.Where((_, n) => told[n] == 2).Select(member => member.Key);

        // 0, 1 or 2, as the scripts say.
        async Task<long> TellAsync(byte[] key)
        {
            if (tagKeys.Of(key) is not RedisKey tagged) return 0;
            var script = removes ? TagScripts.Remove : TagScripts.Look;
            return (long)await redis.ScriptEvaluateAsync(script, [key, tagged], asked, CommandFlags.NoScriptCache).ConfigureAwait(false);
        }
    }

    /// <summary>Looks after a large index a little with each put, so that it does not grow with what has gone.</summary>
    private void SweepBehind(ReadOnlyMemory<byte> tag, Seen seen)
    {
        var settled = seen.Settled().ToList();
        if (settled.Count > 0) InBackground(SweepAsync());

        async Task SweepAsync()
        {
            var carried = await Task.WhenAll(settled.Select(async member =>
                await redis.KeyExistsAsync(member.Key).ConfigureAwait(false) && await CarriesAsync(member.Key, tag).ConfigureAwait(false))).ConfigureAwait(false);
            await tagIndex.SweepAsync(tag, settled.Zip(carried)).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// The life that a put gives, if there is nothing to keep, for its tags: of what slides up to its end (TagScripts.cs);
    /// null = it never expires.
    /// </summary>
    private static long? FirstLife(in Operation operation) =>
        operation.TtlKind == TtlKind.Never ? operation.Extras?.SlidingMs : operation.TtlMs;

    private bool IsCluster => Array.Exists(redis.Multiplexer.GetServers(), server => server.ServerType == ServerType.Cluster);

    private Task<bool> CarriesAsync(byte[] key, ReadOnlyMemory<byte> tag) =>
        tagKeys.Of(key) is RedisKey tagged ? redis.SetContainsAsync(tagged, tag) : Task.FromResult(false);

    /// <summary>What is swept now or with the next one is all the same.</summary>
    private static void InBackground(Task task) =>
        task.ContinueWith(static done => _ = done.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
}
